Rails.application.routes.draw do
  devise_for :users, controllers: { sessions: "sessions", registrations: "registrations" }
  get "/api/v1/users/me", to: "users#show"
  patch "/api/v1/users/me", to: "users#update"
  root to: "home#index"
end
