"""Django with its REST framework, as their documentation starts a project; one file, since it is for tests alone.

It knows nothing of Sesame. Its database is the file that SITE_DATABASE names. SITE_SLIDING=1: every answer renews the
session, as SESSION_SAVE_EVERY_REQUEST makes it.
"""
import os
import sys

from django.conf import settings

settings.configure(
    DEBUG=False,
    SECRET_KEY="a secret for a test",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ["SITE_DATABASE"],
            "OPTIONS": {"timeout": 20},
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    SESSION_SAVE_EVERY_REQUEST=os.environ.get("SITE_SLIDING") == "1",
    # A test signs in often; what protects a stolen database does not matter to it.
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    USE_TZ=True,
    STATIC_URL="/static/",
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "rest_framework",
        "rest_framework.authtoken",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [
            "rest_framework.authentication.TokenAuthentication",
            "rest_framework.authentication.SessionAuthentication",
        ],
    },
)

import django

django.setup()

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.urls import include, path
from rest_framework import serializers
from rest_framework.authtoken.models import Token
from rest_framework.authtoken.views import obtain_auth_token
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView


class UserSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ["id", "username", "email", "first_name"]


class Me(APIView):
    permission_classes = [IsAuthenticated]

    def get(self, request):
        return Response(UserSerializer(request.user).data)

    def patch(self, request):
        serializer = UserSerializer(request.user, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data)


class Users(APIView):
    permission_classes = [AllowAny]
    authentication_classes = []

    def post(self, request):
        name, password = request.data["username"], request.data["password"]
        create = User.objects.create_user
        if name.startswith("admin"):
            create = User.objects.create_superuser
        return Response(UserSerializer(create(name, password=password)).data, status=201)


class TokenLogout(APIView):
    """As djoser's view of that name."""

    permission_classes = [IsAuthenticated]

    def post(self, request):
        Token.objects.filter(user=request.user).delete()
        return Response(status=204)


def home(request):
    return HttpResponse(f"Hello {request.user}")


if os.environ.get("SESAME_URL"):
    import sesame

urlpatterns = [
    path("", home),
    path("admin/", admin.site.urls),
    path("accounts/", include("django.contrib.auth.urls")),
    path("api-auth/", include("rest_framework.urls")),
    path("api-token-auth/", obtain_auth_token),
    path("auth/token/logout/", TokenLogout.as_view()),
    path("api/users/", Users.as_view()),
    path("api/users/me/", Me.as_view()),
]

if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
