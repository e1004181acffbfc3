"""What needs the product's own code: `python -m bench.limits.django_side COMMAND`.

`key` prints a key that may manage keys and budgets; `wrong-keys NUMBER` looks so
many wrong keys up, with a database that cannot be reached, and prints the seconds.
"""

import asyncio
import sys
import time

import django


def key() -> None:
    from apps.accounts import key_services  # noqa: PLC0415  # needs the settings
    from apps.accounts.keys import SCOPES  # noqa: PLC0415
    from apps.accounts.models import User  # noqa: PLC0415
    from apps.accounts.queries import memberships_of  # noqa: PLC0415
    from apps.tenancy.scope import scope  # noqa: PLC0415

    user = User.objects.get()
    wanted = key_services.NewKey(name="Bench", scopes=sorted(SCOPES))
    with scope(memberships_of(user)[0].org_id):
        print(key_services.create_key(wanted, by=user)[1])


async def wrong_keys(number: int) -> None:
    from apps.accounts.key_lookup import KeyLookup  # noqa: PLC0415
    from apps.accounts.keys import new_token  # noqa: PLC0415

    lookup = KeyLookup("host=/nowhere dbname=none")
    real = new_token()
    began = time.perf_counter()
    for turn in range(number):
        wrong = f"{real[:-12]}{turn:012d}"
        if await lookup.caller(wrong) is not None:
            raise SystemExit(f"{wrong} is taken for a key")
    print(time.perf_counter() - began)


if __name__ == "__main__":
    django.setup()
    if sys.argv[1] == "key":
        key()
    else:
        asyncio.run(wrong_keys(int(sys.argv[2])))
