"""The pages of channels.

`alerts/channels.html` takes `channels`, `form` (NewChannelForm), `can_manage`, `vias`.
`alerts/channel.html` takes `channel`, `form` (ChannelForm), `deliveries`, `can_manage`
and `secret` (one just made, shown this once).
"""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts import entitlements
from apps.accounts.http import OrgRequest
from apps.accounts.roles import may, role_required
from apps.alerts import channel_services, queries, sending
from apps.alerts.audience import FEATURES
from apps.alerts.channel_services import NewChannel
from apps.alerts.forms import ChannelForm, NewChannelForm
from apps.alerts.kinds import Kind, Severity, Via
from apps.alerts.models import Channel, Delivery
from apps.kit.errors import AppError, NotFoundError, PermissionDeniedError


@sensitive_post_parameters("url")
@login_required
@require_http_methods(["GET", "POST"])
@never_cache
@role_required("alerts.read")
def channels(request: OrgRequest) -> HttpResponseBase:
    """List the channels, or add one: anybody their own, leaders the organization's."""
    if request.method == "POST":
        return _create(request)
    return _list(request, _new_form(request))


def _create(request: OrgRequest) -> HttpResponse:
    form = _new_form(request, is_sent=True)
    if not form.is_valid():
        return _list(request, form, status=422)
    data = form.cleaned_data
    is_mine = data.get("is_mine", True)
    wanted = NewChannel(
        via=Via(data["via"]),
        name=data["name"],
        url=data["url"],
        kinds=tuple(Kind(kind) for kind in data["kinds"]),
        min_severity=Severity(data["min_severity"] or 0),
        member=request.membership if is_mine else None,
    )
    try:
        _refuse_own_webhook(wanted)
        channel, secret = channel_services.create_channel(wanted, by=request.user.email)
    except AppError as problem:
        form.add_error("url" if problem.param == "url" else None, problem.message)
        return _list(request, form, status=422)
    messages.success(request, "The channel is there. Send a test to try it.")
    if secret:
        return _show(request, channel, secret=secret, status=201)
    return redirect("alerts:channel", channel.id)


def _refuse_own_webhook(wanted: NewChannel) -> None:
    if wanted.member is not None and wanted.via == Via.WEBHOOK:
        raise PermissionDeniedError("A webhook belongs to the organization.")


@sensitive_post_parameters("url")
@login_required
@require_http_methods(["GET", "POST"])
@never_cache
@role_required("alerts.read")
def channel(request: OrgRequest, channel_id: UUID) -> HttpResponse:
    """One channel with its delivery log; change it."""
    found = _visible(request, channel_id)
    if request.method != "POST":
        return _show(request, found)
    _require_power(request, found)
    form = ChannelForm(request.POST)
    if not form.is_valid():
        return _show(request, found, form=form, status=422)
    try:
        channel_services.change_channel(found.id, form.cleaned_data)
    except AppError as problem:
        form.add_error("url" if problem.param == "url" else None, problem.message)
        return _show(request, found, form=form, status=422)
    messages.success(request, "The channel is changed.")
    return redirect("alerts:channel", found.id)


@login_required
@require_POST
@role_required("alerts.read")
def act(request: OrgRequest, channel_id: UUID, action: str) -> HttpResponse:
    """Test, switch on or off, delete."""
    found = _visible(request, channel_id)
    _require_power(request, found)
    if action == "test":
        _say(request, channel_services.send_test(found.id))
    elif action in {"on", "off"}:
        changes = {"is_enabled": action == "on"}
        channel_services.change_channel(found.id, changes)
        messages.success(request, f"The channel is {action}.")
    elif action == "delete":
        channel_services.delete_channel(found.id)
        messages.success(request, "The channel is deleted.")
        return redirect("alerts:channels")
    else:
        raise NotFoundError("There is no such action.")
    return redirect("alerts:channel", found.id)


@login_required
@require_POST
@never_cache
@role_required("alerts.manage")
def rotate(request: OrgRequest, channel_id: UUID) -> HttpResponse:
    """Make another secret, which is shown this once."""
    found = _visible(request, channel_id)
    secret = channel_services.rotate_secret(found.id)
    return _show(request, _visible(request, found.id), secret=secret)


@login_required
@require_POST
@role_required("alerts.read")
def resend(request: OrgRequest, delivery_id: UUID) -> HttpResponse:
    """Send a message once more."""
    delivery = queries.get_delivery(delivery_id)
    found = _visible(request, delivery.channel_id)
    _require_power(request, found)
    sending.resend(delivery)
    messages.success(request, "It is sent once more.")
    return redirect("alerts:channel", found.id)


def _say(request: OrgRequest, delivery: Delivery) -> None:
    if delivery.state == Delivery.State.DELIVERED:
        messages.success(request, "The test arrived.")
    else:
        messages.error(request, f"The test did not arrive. {delivery.error}")


def _visible(request: OrgRequest, channel_id: UUID | None) -> Channel:
    """A channel of the organization, or one's own; nobody sees another's own."""
    found = channel_services.get_channel(channel_id)
    if found.member_id not in {None, request.membership.id}:
        raise NotFoundError("There is no such channel.")
    return found


def _can_change(request: OrgRequest, channel: Channel) -> bool:
    is_own = channel.member_id == request.membership.id
    return is_own or may(request.membership.role, "alerts.manage")


def _require_power(request: OrgRequest, channel: Channel) -> None:
    if not _can_change(request, channel):
        raise PermissionDeniedError("Only owners and admins change this channel.")


def _new_form(request: OrgRequest, *, is_sent: bool = False) -> NewChannelForm:
    can_manage = may(request.membership.role, "alerts.manage")
    vias = [Via.SLACK, Via.DISCORD, *([Via.WEBHOOK] if can_manage else [])]
    allowed = [v for v in vias if entitlements.allows(request.org.id, FEATURES[v])]
    sent = request.POST if is_sent else None
    return NewChannelForm(sent, vias=allowed, can_manage=can_manage)


def _list(
    request: OrgRequest, form: NewChannelForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "channels": queries.channels(request.membership),
        "form": form,
        "can_manage": may(request.membership.role, "alerts.manage"),
        "has_any": bool(form.fields["via"].choices),  # type: ignore[attr-defined]  # a choice field
    }
    return render(request, "alerts/channels.html", context, status=status)


def _show(
    request: OrgRequest,
    channel: Channel,
    *,
    form: ChannelForm | None = None,
    secret: str = "",
    status: int = 200,
) -> HttpResponse:
    names = ("name", "kinds", "min_severity")
    initial = {name: getattr(channel, name) for name in names}
    context = {
        "channel": channel,
        "form": form or ChannelForm(initial=initial),
        "deliveries": queries.deliveries(channel),
        "can_change": _can_change(request, channel),
        "can_manage": may(request.membership.role, "alerts.manage"),
        "secret": secret,
    }
    return render(request, "alerts/channel.html", context, status=status)
