"""Data keys by the official clients of AWS, Google and Azure, asked as their documentation says.

Reads one JSON request on standard input and writes one JSON answer:
{"service": "aws" | "google" | "azure", "url": ..., "asks": [Ask]}
Ask: {"op": "wrap" | "unwrap", "key": ..., "context": [[name, value], ...], "bytes": BASE64}
Answer: {"answers": [{"bytes": BASE64} | {"error": code}, ...]}
"""

import base64
import json
import sys
import time


def aws(url):
    import boto3
    from botocore.exceptions import ClientError

    kms = boto3.client(
        "kms",
        endpoint_url=url,
        region_name="eu-central-1",
        aws_access_key_id="id",
        aws_secret_access_key="secret",
    )

    def ask(op, key, context, data):
        context = {"EncryptionContext": dict(context)} if context else {}
        try:
            if op == "wrap":
                return kms.encrypt(KeyId=key, Plaintext=data, **context)["CiphertextBlob"]
            return kms.decrypt(KeyId=key, CiphertextBlob=data, **context)["Plaintext"]
        except ClientError as error:
            return error.response["Error"]["Code"]

    return ask


def google(url):
    from google.api_core.exceptions import GoogleAPICallError
    from google.cloud.kms_v1 import KeyManagementServiceClient
    from google.cloud.kms_v1.services.key_management_service.transports import (
        KeyManagementServiceRestTransport,
    )
    from google.oauth2.credentials import Credentials

    scheme, host = url.split("://")
    credentials = Credentials("google-token")
    kms = KeyManagementServiceClient(
        transport=KeyManagementServiceRestTransport(
            host=host, url_scheme=scheme, credentials=credentials
        )
    )

    def ask(op, key, context, data):
        # The documentation of Cloakroom: each name and value after its length.
        parts = [part.encode() for entry in context for part in entry]
        aad = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        request = {"name": key, "additional_authenticated_data": aad}
        try:
            if op == "wrap":
                return kms.encrypt(request | {"plaintext": data}).ciphertext
            return kms.decrypt(request | {"ciphertext": data}).plaintext
        except GoogleAPICallError as error:
            return error.response.json()["error"]["status"]

    return ask


def azure(url):
    from azure.core.credentials import AccessToken
    from azure.core.exceptions import HttpResponseError
    from azure.core.pipeline.transport import RequestsTransport
    from azure.keyvault.keys.crypto import CryptographyClient, KeyWrapAlgorithm
    from requests import Session
    from requests.adapters import HTTPAdapter

    vault = "https://v.vault.azure.net"
    scopes = []

    class Token:
        def get_token(self, *wanted, **_):
            scopes.extend(wanted)
            return AccessToken("azure-token", int(time.time()) + 3600)

    class Local(HTTPAdapter):
        """The client insists on TLS and on the vault's name. Only the last step goes elsewhere."""

        def send(self, request, **options):
            request.url = request.url.replace(vault, url, 1)
            return super().send(request, **options)

    session = Session()
    session.mount(vault, Local())

    def ask(op, key, _, data):
        # A wrapped key begins with the version of the key. To wrap, `key` names it: the client tells the
        # version that wrapped only to whoever may read the key.
        if op == "unwrap":
            key, data = f"{key.split('/')[0]}/{data[:16].hex()}", data[16:]
        client = CryptographyClient(
            f"{vault}/keys/{key}",
            Token(),
            transport=RequestsTransport(session=session, session_owner=False),
            api_version="7.4",
        )
        try:
            if op == "wrap":
                wrapped = client.wrap_key(KeyWrapAlgorithm.rsa_oaep_256, data)
                version = bytes.fromhex(wrapped.key_id.rsplit("/", 1)[1])
                return version + wrapped.encrypted_key
            return client.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, data).key
        except HttpResponseError as error:
            return error.error.code
        finally:
            assert set(scopes) <= {"https://vault.azure.net/.default"}, scopes

    return ask


def main():
    request = json.load(sys.stdin)
    ask = {"aws": aws, "google": google, "azure": azure}[request["service"]](request["url"])
    answers = []
    for asked in request["asks"]:
        data = base64.b64decode(asked["bytes"], validate=True)
        answer = ask(asked["op"], asked["key"], asked["context"], data)
        if isinstance(answer, str):
            answers.append({"error": answer})
        else:
            answers.append({"bytes": base64.b64encode(answer).decode()})
    json.dump({"answers": answers}, sys.stdout)


if __name__ == "__main__":
    main()
