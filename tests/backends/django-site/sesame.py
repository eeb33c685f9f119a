"""Tells Sesame of every user who has changed, whoever changed them, the administration included: its sessions are asked
for anew. To be imported by an application's `apps.py`, in `ready()`."""
import hashlib
import hmac
import json
import os
import time
import urllib.request
import uuid

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver


def tell(user_id):
    # No message is taken twice: two changes within one second are two messages by their `id`.
    message = {"action": "invalidate", "user": user_id, "id": uuid.uuid4().hex}
    body = json.dumps(message).encode()
    now = str(int(time.time()))
    secret = os.environ["SESAME_WEBHOOK_SECRET"].encode()
    digest = hmac.new(secret, now.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {"Sesame-Signature": f"t={now},v1={digest}"}
    url = os.environ["SESAME_URL"] + "/api/auth/revoke"
    urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=5).close()


@receiver([post_save, post_delete], sender=get_user_model())
def user_has_changed(instance, update_fields=None, **_):
    if update_fields == {"last_login"}:
        return  # every sign-in changes it
    user_id = instance.pk  # it is gone once the user is
    transaction.on_commit(lambda: tell(user_id))
