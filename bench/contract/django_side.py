"""Make a key that may do everything, and draw up the schema.

`python -m bench.contract.django_side UPSTREAM` in the environment of the run; prints
one JSON object, `{"key": …, "schema": …}`.
"""

import json
import sys
from decimal import Decimal

import django


def main() -> None:
    from drf_spectacular.generators import SchemaGenerator  # noqa: PLC0415  # after the setup

    from apps.accounts.key_services import NewKey, create_key  # noqa: PLC0415  # same
    from apps.accounts.keys import SCOPES  # noqa: PLC0415  # same
    from apps.accounts.models import User  # noqa: PLC0415  # same
    from apps.accounts.queries import memberships_of  # noqa: PLC0415  # same
    from apps.tenancy.scope import scope  # noqa: PLC0415  # same

    add_embedder(sys.argv[1])
    owner = User.objects.get()
    wanted = NewKey(name="Contract", scopes=tuple(SCOPES))
    with scope(memberships_of(owner)[0].org_id):
        _, token = create_key(wanted, by=owner)
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # untyped upstream
    sys.stdout.write(json.dumps({"key": token, "schema": schema}, default=str))


def add_embedder(upstream: str) -> None:
    from apps.catalog.models import AIModel  # noqa: PLC0415  # after the setup
    from apps.catalog.services import OperatorOffer, add_offer  # noqa: PLC0415  # same

    offer = OperatorOffer(
        provider="bench",
        model="bench/embedder",
        base_url=upstream,
        input_usd=Decimal("0.02"),
        context_tokens=8191,
    )
    add_offer(offer)
    models = AIModel.objects.using("owner").filter(slug="bench/embedder")
    models.update(kind=AIModel.Kind.EMBEDDING)


if __name__ == "__main__":
    django.setup()
    main()
