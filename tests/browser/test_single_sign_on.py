"""Single sign-on in a real browser, which also minds our content security policy."""

from playwright.sync_api import expect

from apps.accounts.models import Membership, Organization, User
from apps.kit.clock import utc_now
from apps.kit.sealing import Secret
from apps.sso import services
from apps.sso.models import Domain
from apps.tenancy.scope import scope
from tests.browser.conftest import Visit
from tests.sso.oidc_idp import CLIENT_ID, CLIENT_SECRET, running_provider


def test_a_person_comes_in_through_their_organizations_provider(
    visit: Visit, org: Organization, owner: User
) -> None:
    with running_provider() as provider, scope(org.id):
        provider.claims = {"email": "nina@acme.test", "name": "Nina"}
        Domain.objects.create(name="acme.test", token="t", verified_at=utc_now())
        wanted = services.Wanted(
            kind="oidc",
            issuer=provider.issuer,
            client_id=CLIENT_ID,
            client_secret=Secret(CLIENT_SECRET),
            default_role="member",
        )
        services.save_connection(wanted, by=Membership.objects.get(user=owner))

        page = visit.open("/accounts/login/?next=/settings/security/")
        page.get_by_role("link", name="Go on with single sign-on").click()
        page.fill("[name=email]", "nina@acme.test")
        page.get_by_role("button", name="Go on").click()

        page.wait_for_url(f"{visit.url}/settings/security/")
        opened = page.get_by_text("You opened this account with")
        expect(opened).to_contain_text("single sign-on")
