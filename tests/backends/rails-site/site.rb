# Rails with Devise, as their guides start an application, less what a test does not need.
#
# It knows nothing of Sesame. SITE_PORT is where it listens, DATABASE_URL its database. Its sessions are where Rails keeps
# them by default: in an encrypted cookie, which every answer writes anew.
ENV["RAILS_ENV"] = "production"

require "logger"
require "rails"
require "action_controller/railtie"
require "action_view/railtie"
require "active_record/railtie"
require "action_mailer/railtie"
require "devise"
require "active_support/core_ext/integer/time"

class Site < Rails::Application
  config.root = __dir__
  config.load_defaults 6.1
  config.eager_load = true # as in production: first requests on several threads would load at once, and wait for each other
  config.consider_all_requests_local = false
  config.secret_key_base = "a secret for a test" * 4
  config.session_store :cookie_store, key: "_site_session"
  config.logger = Logger.new(ENV["SITE_LOG"] ? $stderr : IO::NULL)
  config.action_mailer.delivery_method = :test
  config.action_mailer.default_url_options = { host: "localhost" }
end

Devise.setup do |config|
  require "devise/orm/active_record"
  config.mailer_sender = "site@example.com"
  config.stretches = 1 # a test signs in often; what protects a stolen database does not matter to it
  config.timeout_in = 30.minutes
  config.sign_out_via = :delete
  config.navigational_formats = ["*/*", :html, :turbo_stream]
end

Site.initialize!

ActiveRecord::Schema.verbose = false
ActiveRecord::Schema.define do
  create_table :users, force: true do |t|
    t.string :email, null: false, index: { unique: true }
    t.string :encrypted_password, null: false
    t.datetime :remember_created_at
    t.string :name
  end
end

require "rack/handler/puma"
Rack::Handler::Puma.run(Site, Host: "127.0.0.1", Port: Integer(ENV.fetch("SITE_PORT")), Threads: "1:8", Silent: true)
