class HomeController < ApplicationController
  def index
    render html: helpers.csrf_meta_tags
  end
end
