"""A SAML identity provider in a few lines: it reads a request and signs an answer."""

import base64
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from onelogin.saml2.constants import OneLogin_Saml2_Constants
from onelogin.saml2.utils import OneLogin_Saml2_Utils

ENTITY_ID = "https://idp.acme.test/saml"
SSO_URL = "https://idp.acme.test/saml/sso"


@cache
def credentials(name: str) -> tuple[str, str]:
    """A key and its certificate, both in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()


def bare_certificate() -> str:
    lines = credentials("good")[1].splitlines()
    return "".join(line for line in lines if "-----" not in line)


def metadata() -> str:
    return f"""<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"
      entityID="{ENTITY_ID}"><md:IDPSSODescriptor
      protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
      <md:KeyDescriptor use="signing"><ds:KeyInfo
        xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
        <ds:X509Certificate>{bare_certificate()}</ds:X509Certificate>
      </ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
      <md:SingleSignOnService
        Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
        Location="{SSO_URL}"/></md:IDPSSODescriptor></md:EntityDescriptor>"""


@dataclass(frozen=True)
class SAMLAnswer:
    """What the provider says; each test changes the one thing it is about."""

    in_response_to: str
    destination: str
    audience: str
    email: str = "mia@acme.test"
    issuer: str = ENTITY_ID
    valid_for: timedelta = timedelta(minutes=5)

    @classmethod
    def to(cls, url: str) -> "SAMLAnswer":
        """The honest answer to the request in this URL."""
        query = parse_qs(urlsplit(url).query)
        packed = base64.b64decode(query["SAMLRequest"][0])
        request = etree.fromstring(zlib.decompress(packed, -15))
        destination = request.get("AssertionConsumerServiceURL") or ""
        issuer = request.find("{urn:oasis:names:tc:SAML:2.0:assertion}Issuer")
        assert issuer is not None
        return cls(str(request.get("ID")), destination, str(issuer.text))

    def but(self, **changes: object) -> "SAMLAnswer":
        return replace(self, **changes)  # type: ignore[arg-type]  # one test's change

    def xml(self) -> str:
        now = datetime.now(UTC)
        stamp, until = (
            moment.strftime("%Y-%m-%dT%H:%M:%SZ")
            for moment in (now - timedelta(seconds=5), now + self.valid_for)
        )
        number = OneLogin_Saml2_Utils.generate_unique_id()
        return f"""<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"
 xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="R{number}" Version="2.0"
 IssueInstant="{stamp}" Destination="{self.destination}"
 InResponseTo="{self.in_response_to}"><saml:Issuer>{self.issuer}</saml:Issuer>
<samlp:Status><samlp:StatusCode
 Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
<saml:Assertion ID="A{number}" Version="2.0" IssueInstant="{stamp}">
<saml:Issuer>{self.issuer}</saml:Issuer><saml:Subject>
<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
>subject-{self.email}</saml:NameID><saml:SubjectConfirmation
 Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData
 NotOnOrAfter="{until}" Recipient="{self.destination}"
 InResponseTo="{self.in_response_to}"/></saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="{stamp}" NotOnOrAfter="{until}">
<saml:AudienceRestriction><saml:Audience>{self.audience}</saml:Audience>
</saml:AudienceRestriction></saml:Conditions>
<saml:AuthnStatement AuthnInstant="{stamp}" SessionIndex="S{number}">
<saml:AuthnContext><saml:AuthnContextClassRef
>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>
</saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement>
<saml:Attribute Name="email"><saml:AttributeValue>{self.email}</saml:AttributeValue>
</saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>"""

    def signed(self, *, key: str = "good") -> str:
        """The answer with a signature over all of it, in base64."""
        pem, certificate = credentials(key)
        signed = OneLogin_Saml2_Utils.add_sign(
            self.xml(),
            pem,
            certificate,
            sign_algorithm=OneLogin_Saml2_Constants.RSA_SHA256,
            digest_algorithm=OneLogin_Saml2_Constants.SHA256,
        )
        return base64.b64encode(signed).decode()

    def unsigned(self) -> str:
        return base64.b64encode(self.xml().encode()).decode()
