class UsersController < ApplicationController
  before_action :authenticate_user!

  def show
    render json: current_user.slice(:id, :email, :name)
  end

  def update
    current_user.update!(name: params.require(:name))
    redirect_to "/api/v1/users/me", status: :see_other
  end
end
