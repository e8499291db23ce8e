"""The back office from outside: HTTP with retries, each change under an id of its own, until the answer is definite."""
import base64
import hashlib
import hmac
import http.client
import json
import time
import uuid


def password(key_file):
    """What an actor's key makes as its password: see docs/back-office.openapi.yaml."""
    with open(key_file, encoding="ascii") as file:
        key = bytes.fromhex(file.read().split()[-1])
    return hmac.new(key, b"pinvault-back-office-password-1", hashlib.sha256).hexdigest()


class Office:
    """One client's connection; it goes on over the server's deaths."""

    def __init__(self, port, passwords, patience_seconds=60):
        """`port` gives the present port, or None while nobody serves."""
        self.port, self.passwords, self.patience_seconds = port, passwords, patience_seconds
        self.connection, self.repeats, self.lost = None, 0, 0

    def ask(self, actor, method, path, body=None, bearer=None):
        """The answer's status and JSON. A change is sent again under the same id until somebody says what became of it."""
        proof = bearer or base64.b64encode(f"{actor}:{self.passwords[actor]}".encode()).decode()
        headers = {"Authorization": f"{'Bearer' if bearer else 'Basic'} {proof}"}
        if method != "GET":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        data = None
        if body is not None:
            is_picture = isinstance(body, bytes)
            headers["Content-Type"] = "image/png" if is_picture else "application/json"
            data = body if is_picture else json.dumps(body)
        give_up = time.monotonic() + self.patience_seconds
        while True:
            try:
                status, answered, answer = self.send(method, path, data, headers)
                # The server stops: nobody knows. Or it has too much to do.
                if status != 503:
                    self.repeats += answered.get("Idempotent-Replayed") == "true"
                    return status, answer
            except (OSError, http.client.HTTPException, ValueError):
                self.lost += 1
                self.connection = None
            if time.monotonic() > give_up:
                raise AssertionError(f"{method} {path} is not answered")
            time.sleep(0.01)

    def send(self, method, path, data, headers):
        if self.connection is None:
            port = self.port()
            if port is None:
                raise OSError("nobody serves")
            self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self.connection.request(method, path, data, headers)
        answer = self.connection.getresponse()
        body = answer.read()
        is_json = answer.headers.get_content_subtype().endswith("json")
        return answer.status, answer.headers, json.loads(body) if is_json else {}
