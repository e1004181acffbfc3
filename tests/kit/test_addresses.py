"""Where customers' URLs may lead: addresses are judged, never names."""

from collections.abc import Callable

import pytest

from apps.kit.addresses import AddressError, public_addresses, refuse_private

PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "0.0.0.0",  # noqa: S104  # nothing binds to it
    "255.255.255.255",
    "192.88.99.1",
    "224.0.0.1",
    "198.18.0.1",
    "::1",
    "::",
    "fe80::1%eth0",
    "fc00::1",
    "fec0::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001:0:1::1",
]
PUBLIC = ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"]
# What the system's resolver takes for 127.0.0.1.
DISGUISED = ["127.1", "0177.0.0.1", "2130706433", "0x7f.1"]


def answering(*addresses: str) -> Callable[[str, int], list[str]]:
    return lambda host, port: list(addresses)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_refused(address: str) -> None:
    with pytest.raises(AddressError):
        public_addresses("host.test", resolve=answering(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_passes(address: str) -> None:
    assert public_addresses("host.test", resolve=answering(address))


@pytest.mark.parametrize("host", DISGUISED)
def test_a_disguised_address_is_refused(host: str) -> None:
    with pytest.raises(AddressError):
        public_addresses(host)


def test_one_private_address_among_public_ones_is_refused() -> None:
    with pytest.raises(AddressError):
        public_addresses("host.test", resolve=answering("8.8.8.8", "10.0.0.1"))


def test_a_name_without_an_address_is_refused() -> None:
    with pytest.raises(AddressError):
        public_addresses("host.test", resolve=answering())


def test_a_name_nobody_knows_is_refused() -> None:
    with pytest.raises(AddressError, match="not known"):
        public_addresses("a" * 64 + ".test")


@pytest.mark.parametrize(
    "url",
    [
        "http://host.test/",
        "ftp://host.test/",
        "https:///path",
        "https://user:secret@host.test/",
        "https://host.test:22/",
        "https://host.test:99999/",
        "https://[::1",
        "//host.test/",
        "nonsense",
    ],
)
def test_only_https_to_a_host_is_taken(url: str) -> None:
    with pytest.raises(AddressError):
        refuse_private(url, resolve=answering("8.8.8.8"))


def test_the_first_address_is_the_one_to_connect_to() -> None:
    target = refuse_private(
        "https://host.test:8443/x", resolve=answering("8.8.8.8", "9.9.9.9")
    )

    assert (target.host, target.port, str(target.address)) == (
        "host.test",
        8443,
        "8.8.8.8",
    )


def test_a_self_hosted_installation_may_reach_into_its_network() -> None:
    target = refuse_private(
        "http://10.0.0.5:9000/", allow_private=True, resolve=answering("10.0.0.5")
    )

    assert target.port == 9000


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254"])
def test_a_clouds_metadata_is_never_reached(address: str) -> None:
    with pytest.raises(AddressError):
        refuse_private(
            "http://host.test/", allow_private=True, resolve=answering(address)
        )
