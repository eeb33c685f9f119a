# What Turbo wants of an answer to a form: 303 (Devise 4.9 does it by itself).
class SessionsController < Devise::SessionsController
  def respond_to_on_destroy
    redirect_to after_sign_out_path_for(resource_name), status: :see_other
  end
end
