"""A consumer: `python consumer.py KEY.pem GRANT PATH [JSON]`; needs httpx and pyjwt[crypto]."""

import json
import os
import sys
import time
import urllib.parse
import uuid
from pathlib import Path

import httpx
import jwt

key, grant, path, *body = sys.argv[1:]
service = httpx.Client(base_url=os.environ.get("BASELIB_SERVICE", "http://127.0.0.1:8090"))
now = int(time.time())
claims = {"iss": grant, "sub": grant, "aud": "baselib", "iat": now, "exp": now + 60}
claims |= {"jti": uuid.uuid4().hex}  # an assertion is taken once
form = {
    "grant_type": "client_credentials",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "client_assertion": jwt.encode(claims, Path(key).read_text(), "ES256"),
}
token = service.post("/v1/token", data=form).raise_for_status().json()["access_token"]
who = {name: urllib.parse.quote(os.environ[name.upper()]) for name in ("actor", "case_no")}
headers = {"Authorization": f"Bearer {token}", "Accept": os.environ.get("ACCEPT", "*/*")}
headers |= {"Baselib-Actor": who["actor"], "Baselib-Case": who["case_no"]}
headers |= {"Idempotency-Key": uuid.uuid4().hex}  # a write that is sent again would keep it
asked = {"json": json.loads(body[0])} if body else {}
answer = service.request("POST" if body else "GET", path, headers=headers, **asked)
sys.stdout.write(answer.text + "\n")
sys.exit(answer.is_error)
