"""Flask with Flask-Login, as their documentation starts them: a session in a cookie that is signed.

It knows nothing of Sesame. SITE_PERMANENT=1: sessions are permanent, and every answer renews them. Everybody is forgotten
when it ends.
"""
import os
import uuid

from flask import Flask, jsonify, redirect, request, session
from flask_login import (
    LoginManager,
    UserMixin,
    current_user,
    login_required,
    login_user,
    logout_user,
)

app = Flask(__name__)
app.secret_key = "a secret for a test"
login_manager = LoginManager(app)
# Without a login view whoever is not signed in gets 401, with one he is sent there.
login_manager.login_view = os.environ.get("SITE_LOGIN_VIEW")

users = {}


class User(UserMixin):
    def __init__(self, name):
        self.name = name
        self.motto = ""
        self.renew()

    def renew(self):
        """An alternative identifier, as the documentation has it: a new one ends every session."""
        self.alternative_id = uuid.uuid4().hex

    def get_id(self):
        return self.alternative_id


@login_manager.user_loader
def load_user(user_id):
    return next((user for user in users.values() if user.get_id() == user_id), None)


@app.before_request
def renew():
    # What every request writes into the session, as many applications do, has the cookie differ each time.
    if os.environ.get("SITE_PERMANENT") == "1":
        session.permanent = True
        session["pages"] = session.get("pages", 0) + 1


def sign_in(user):
    session["visit"] = uuid.uuid4().hex  # the cookie is no other one's, though signed in the same second
    login_user(user)


@app.post("/register")
def register():
    name = request.form["name"]
    users[name] = User(name)
    sign_in(users[name])
    return redirect("/")


@app.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "GET":
        return '<form method="post"><input name="name"></form>'
    sign_in(users[request.form["name"]])
    return redirect("/")


@app.post("/logout")
@login_required
def logout():
    logout_user()
    return redirect("/")


@app.post("/password")
@login_required
def password():
    current_user.renew()
    sign_in(users[current_user.name])
    return redirect("/")


@app.get("/api/me")
@login_required
def me():
    return jsonify(id=current_user.name, motto=current_user.motto)


@app.patch("/api/me")
@login_required
def update():
    current_user.motto = request.json["motto"]
    return jsonify(id=current_user.name, motto=current_user.motto)


@app.get("/")
def home():
    return f"Hello {getattr(current_user, 'name', 'stranger')}"
