# What Turbo wants of an answer to a form: 303 (Devise 4.9 does it by itself).
class RegistrationsController < Devise::RegistrationsController
  def respond_with(resource, options = {})
    return super unless resource.errors.empty? && options[:location]

    redirect_to options[:location], status: :see_other
  end
end
