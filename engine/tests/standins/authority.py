"""A private certificate authority for the tests: certificates that are right, and wrong in one way each."""

import datetime
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Issued:
    """Files of a certificate with its key."""

    path: Path

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path)
        return context


class Authority:
    def __init__(self, folder: Path, name: str = "Private authority"):
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        self._certificate = self._signed(self._name, self._key, self._authority_extensions())
        self.path = folder / f"{name.split()[0]}.pem"
        self.path.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, host: str = "127.0.0.1", days_from: int = -1, days_to: int = 1) -> Issued:
        """A certificate of `host`, valid between two days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        signed = self._signed(_named(host), key, [_alternative(host)], days_from, days_to)
        return self._written(name, key, signed)

    def issue_to_itself(self, name: str, host: str = "127.0.0.1") -> Issued:
        """A certificate that no authority has signed."""
        return Authority(self._folder, name)._issue_own(name, host)

    def _issue_own(self, name: str, host: str) -> Issued:
        self._name = _named(host)
        return self._written(name, self._key, self._signed(self._name, self._key, [_alternative(host)]))

    def _written(self, name: str, key: ec.EllipticCurvePrivateKey, signed: x509.Certificate) -> Issued:
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = self._folder / f"{name}.pem"
        path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
        return Issued(path)

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        extensions: list[x509.ExtensionType],
        days_from: int = -1,
        days_to: int = 1,
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder(self._name, subject, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now + days_from * DAY).not_valid_after(now + days_to * DAY)
        for extension in extensions:
            builder = builder.add_extension(extension, isinstance(extension, x509.BasicConstraints))
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return builder.add_extension(identifier, False).sign(self._key, hashes.SHA256())

    def _authority_extensions(self) -> list[x509.ExtensionType]:
        return [
            x509.BasicConstraints(ca=True, path_length=None),
            x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()),
            x509.KeyUsage(
                digital_signature=True,
                key_cert_sign=True,
                crl_sign=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            ),
        ]


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _alternative(host: str) -> x509.SubjectAlternativeName:
    try:
        return x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
    except ValueError:
        return x509.SubjectAlternativeName([x509.DNSName(host)])
