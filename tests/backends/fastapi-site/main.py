"""FastAPI as its tutorial on security makes it: OAuth2 with a password and bearer tokens that are JWTs, `/users/me`; and
what applications add to it: the same token in an httpOnly cookie, and refresh tokens that are good for one use.

It knows nothing of Sesame. Everybody is forgotten when it ends.
"""
import os
import secrets
from datetime import datetime, timedelta
from typing import Dict, Optional

import jwt
from fastapi import Body, Depends, FastAPI, HTTPException, Request, Response, status
from fastapi.openapi.models import OAuthFlows
from fastapi.security import OAuth2, OAuth2PasswordRequestForm
from fastapi.security.utils import get_authorization_scheme_param
from pydantic import BaseModel

SECRET_KEY = "a secret that is long enough for a test"
ALGORITHM = "HS256"
MINUTES = int(os.environ.get("ACCESS_TOKEN_EXPIRE_MINUTES", "30"))

users: Dict[str, dict] = {}
refresh_tokens: Dict[str, str] = {}


class User(BaseModel):
    username: str
    email: Optional[str] = None
    full_name: Optional[str] = None


class Change(BaseModel):
    full_name: str


class OAuth2PasswordBearerOrCookie(OAuth2):
    """As OAuth2PasswordBearer, with the cookie where there is no header: the usual recipe."""

    async def __call__(self, request: Request) -> str:
        given = request.headers.get("Authorization") or request.cookies.get("access_token")
        scheme, token = get_authorization_scheme_param(given)
        if scheme.lower() != "bearer":
            raise unauthorized("Not authenticated")
        return token


def unauthorized(detail: str) -> HTTPException:
    return HTTPException(
        status.HTTP_401_UNAUTHORIZED, detail, headers={"WWW-Authenticate": "Bearer"}
    )


oauth2_scheme = OAuth2PasswordBearerOrCookie(
    flows=OAuthFlows(password={"tokenUrl": "token", "scopes": {}})
)
app = FastAPI()


def current_user(token: str = Depends(oauth2_scheme)) -> User:
    try:
        name = jwt.decode(token, SECRET_KEY, algorithms=[ALGORITHM])["sub"]
    except jwt.PyJWTError:
        raise unauthorized("Could not validate credentials")
    if name not in users:
        raise unauthorized("Could not validate credentials")
    return User(**users[name])


def issue(username: str) -> dict:
    claims = {
        "sub": username,
        "exp": datetime.utcnow() + timedelta(minutes=MINUTES),
        "jti": secrets.token_hex(8),
    }
    refresh_token = secrets.token_urlsafe(32)
    refresh_tokens[refresh_token] = username
    return {
        "access_token": jwt.encode(claims, SECRET_KEY, algorithm=ALGORITHM),
        "token_type": "bearer",
        "refresh_token": refresh_token,
    }


def redeem(refresh_token: str) -> dict:
    """A refresh token is good for one use."""
    username = refresh_tokens.pop(refresh_token, None)
    if username is None:
        raise unauthorized("Invalid refresh token")
    return issue(username)


def set_cookies(response: Response, tokens: dict) -> dict:
    bearer = f"Bearer {tokens['access_token']}"  # its blank has it quoted
    response.set_cookie("access_token", bearer, httponly=True, samesite="lax")
    response.set_cookie("refresh_token", tokens["refresh_token"], httponly=True, samesite="lax")
    return {"ok": True}


def authenticated(form: OAuth2PasswordRequestForm = Depends()) -> str:
    if users.get(form.username, {}).get("password") != form.password:
        raise HTTPException(status_code=400, detail="Incorrect username or password")
    return form.username


@app.post("/users", status_code=201)
def register(username: str = Body(...), password: str = Body(...)):
    users[username] = {"username": username, "password": password}
    return User(**users[username])


@app.post("/token")
def login_for_access_token(username: str = Depends(authenticated)):
    return issue(username)


@app.post("/token/refresh")
def refresh(refresh_token: str = Body(..., embed=True)):
    return redeem(refresh_token)


@app.post("/login")
def login(response: Response, username: str = Depends(authenticated)):
    return set_cookies(response, issue(username))


@app.post("/refresh")
def refresh_cookies(request: Request, response: Response):
    return set_cookies(response, redeem(request.cookies.get("refresh_token", "")))


@app.post("/logout")
def logout(request: Request, response: Response):
    refresh_tokens.pop(request.cookies.get("refresh_token", ""), None)
    response.delete_cookie("access_token")
    response.delete_cookie("refresh_token")
    return {"ok": True}


@app.get("/users/me", response_model=User)
def read_users_me(user: User = Depends(current_user)):
    return user


@app.patch("/users/me", response_model=User)
def update_users_me(change: Change, user: User = Depends(current_user)):
    users[user.username]["full_name"] = change.full_name
    return User(**users[user.username])


@app.delete("/users/me", status_code=204)
def delete_users_me(user: User = Depends(current_user)):
    del users[user.username]
    return Response(status_code=204)


@app.get("/users/me/items/")
def read_own_items(user: User = Depends(current_user)):
    return [{"item_id": "Foo", "owner": user.username}]
