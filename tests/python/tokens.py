"""Tokens and key sets as an identity provider makes them, and as forgers do.

Reads {"audience", "issuer"} and answers {"keys": a JSON Web Key Set, "good": tokens, "bad": tokens}.
"""

import json
import sys
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm


def main():
    asked = json.load(sys.stdin)
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    ec_key = ec.generate_private_key(ec.SECP256R1())
    ed_key = ed25519.Ed25519PrivateKey.generate()
    other_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    large_key = ec.generate_private_key(ec.SECP521R1())
    keys = [
        entry("rsa", "RS256", RSAAlgorithm.to_jwk(rsa_key.public_key())),
        entry("ec", "ES256", ECAlgorithm.to_jwk(ec_key.public_key())),
        entry("ed", "EdDSA", OKPAlgorithm.to_jwk(ed_key.public_key())),
        # As providers list besides: for other purposes, and of kinds that not everybody knows.
        entry("encryption", "RSA-OAEP", RSAAlgorithm.to_jwk(other_key.public_key())),
        entry("large", "ES512", ECAlgorithm.to_jwk(large_key.public_key())),
        # Keys that could verify, and say that they are for something else.
        {**entry("sealing", "RS256", RSAAlgorithm.to_jwk(other_key.public_key())), "use": "enc"},
        only_signs("signing", "RS256", RSAAlgorithm.to_jwk(other_key.public_key())),
    ]
    claims = {
        "aud": asked["audience"],
        "iss": asked["issuer"],
        "exp": int(time.time()) + 600,
        "sub": "someone",
    }
    sign = lambda key, algorithm, name, **other: jwt.encode(
        {**claims, **other}, key, algorithm, headers={"kid": name} if name else None
    )
    typed = lambda typ: jwt.encode(claims, ec_key, "ES256", headers={"kid": "ec", "typ": typ})
    stranger = ec.generate_private_key(ec.SECP256R1())
    public = rsa_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    without_end = {name: value for name, value in claims.items() if name != "exp"}
    good = {
        "rsa": sign(rsa_key, "RS256", "rsa"),
        "ec": sign(ec_key, "ES256", "ec"),
        "ed": sign(ed_key, "EdDSA", "ed"),
        "without a key's name": sign(ec_key, "ES256", None),
        "for access": typed("at+jwt"),
        "for two namespaces": sign(ec_key, "ES256", "ec", namespaces=["payments", "orders"]),
        "for one namespace": sign(ec_key, "ES256", "ec", namespaces="payments"),
    }
    bad = {
        "expired": sign(ec_key, "ES256", "ec", exp=int(time.time()) - 600),
        "not yet": sign(ec_key, "ES256", "ec", nbf=int(time.time()) + 600),
        "for another": sign(ec_key, "ES256", "ec", aud="another"),
        "from another": sign(ec_key, "ES256", "ec", iss="another"),
        "by a stranger": sign(stranger, "ES256", "ec"),
        "by a stranger without a name": sign(stranger, "ES256", None),
        "with another key's name": sign(ec_key, "ES256", "rsa"),
        "by a key for another purpose": sign(other_key, "RS256", "encryption"),
        "by a key that nobody knows": sign(large_key, "ES512", "large"),
        "with another algorithm": sign(rsa_key, "RS512", "rsa"),
        "unsigned": jwt.encode(claims, None, "none", headers={"kid": "ec"}),
        "the public key as a secret": forged(claims, public),
        "without an end": jwt.encode(without_end, ec_key, "ES256", headers={"kid": "ec"}),
        "not a token": "a.b.c",
        "by a key for encryption": sign(other_key, "RS256", "sealing"),
        "by a key that only signs": sign(other_key, "RS256", "signing"),
        "of another type": typed("dpop+jwt"),
        "with an extension that must be known": jwt.encode(
            claims, ec_key, "ES256", headers={"kid": "ec", "crit": ["exp-zone"], "exp-zone": "x"}
        ),
    }
    json.dump({"keys": {"keys": keys}, "good": good, "bad": bad}, sys.stdout)


def entry(name, algorithm, key):
    return {**json.loads(key), "kid": name, "alg": algorithm, "use": "sig"}


def only_signs(name, algorithm, key):
    key = {**entry(name, algorithm, key), "key_ops": ["sign"]}
    del key["use"]
    return key


def forged(claims, public):
    """A library refuses to sign with what is a public key, so that this is done by hand."""
    import base64
    import hashlib
    import hmac

    part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")
    text = part({"alg": "HS256", "typ": "JWT", "kid": "rsa"}) + b"." + part(claims)
    mac = hmac.new(public, text, hashlib.sha256).digest()
    return (text + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


main()
