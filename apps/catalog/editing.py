"""An editor's hand on the catalog: every value keeps who set it, why, and what was.

An edited field outlives syncs and seeds; `release` gives it back to the sources.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from django.db.models import ForeignKey, Model

from apps.audit.services import record
from apps.catalog.approvals import editing
from apps.catalog.models import (
    AIModel,
    ModelChange,
    Offer,
    OfferParameter,
    Origin,
    Provider,
)
from apps.catalog.provenance import EDITED, edited
from apps.catalog.services import DATABASE, announce, lock_catalog
from apps.kit.clock import utc_now
from apps.kit.errors import ValidationError

type Row = AIModel | Offer | Provider
What = ModelChange.What
CHANGED: Final = {
    AIModel: What.MODEL_CHANGED,
    Offer: What.OFFER_CHANGED,
    Provider: What.PROVIDER_CHANGED,
}


def edit(row: Row, values: Mapping[str, Any], *, by: str, reason: str) -> list[str]:
    """Set fields by hand; returns those that changed. Raises ValidationError.

    `by` is the editor's e-mail. A value equal to the present one is not an edit.
    """
    if not reason.strip():
        raise ValidationError("An edit needs a reason.", param="reason")
    with editing():
        lock_catalog()
        held = _held(row)
        changed = {n: v for n, v in values.items() if getattr(held, n) != v}
        for name, value in changed.items():
            _set(held, name, value, by=by, reason=reason)
        _save(held, changed)
        if changed:
            announce("edit")
    return list(changed)


def release(row: Row, name: str, *, by: str) -> None:
    """Give a field back to its sources, with what they say by now."""
    with editing():
        lock_catalog()
        held = _held(row)
        entry = held.provenance.get(name)
        if not entry or entry["origin"] != EDITED:
            raise ValidationError(f"{name} is not edited by hand.", param=name)
        value = _parsed(held, name, entry.get("stated"))
        _note(held, name, value, by=by, reason="given back to the sources")
        setattr(held, name, value)
        before = entry.get("before")
        if before:
            held.provenance[name] = before
        else:
            del held.provenance[name]
        _save(held, {name: value})
        announce("edit")


def set_parameter(
    parameter: OfferParameter, values: Mapping[str, Any], *, by: str
) -> None:
    """Say by hand whether, and in which range, an offer takes a parameter."""
    with editing():
        lock_catalog()
        held = OfferParameter.objects.using(DATABASE).select_related("offer")
        row = held.get(pk=parameter.pk)
        old = {name: getattr(row, name) for name in values}
        for name, value in values.items():
            setattr(row, name, value)
        row.origin, row.source = Origin.EDITOR, by
        row.sourced_on = utc_now().date()
        row.save(using=DATABASE)
        _note_parameter(row, old, dict(values), by=by)
        announce("parameter")


def _note_parameter(
    row: OfferParameter, old: Mapping[str, Any], new: Mapping[str, Any], *, by: str
) -> None:
    ModelChange.objects.using(DATABASE).create(
        at=utc_now(),
        what=What.PARAMETERS,
        ai_model_id=row.offer.ai_model_id,
        offer=row.offer,
        field=row.name,
        old=old,
        new=new,
        origin=Origin.EDITOR,
        source=f"an editor, {by}"[:300],
        by=by,
    )
    record(
        "parameter.edited",
        subject="offerparameter",
        subject_id=row.pk,
        before=old,
        after=new,
        org_id=None,
    )


def _held(row: Row) -> Row:
    if isinstance(row, AIModel):
        models = AIModel.objects.using(DATABASE).select_related("successor")
        return models.get(pk=row.pk)
    return type(row)._default_manager.using(DATABASE).get(pk=row.pk)


def _set(row: Row, name: str, value: Any, *, by: str, reason: str) -> None:
    entry = row.provenance.get(name)
    row.provenance[name] = edited(
        entry, _plain(getattr(row, name)), by=by, reason=reason, on=utc_now().date()
    )
    _note(row, name, value, by=by, reason=reason)
    setattr(row, name, value)


def _save(row: Row, changed: Mapping[str, Any]) -> None:
    if changed:
        row.save(using=DATABASE, update_fields=[*changed, "provenance", "updated_at"])


def _note(row: Row, name: str, value: Any, *, by: str, reason: str) -> None:
    """One line for readers of the catalog, one for readers of the operators' log."""
    old, new = _plain(getattr(row, name)), _plain(value)
    subject = type(row)._meta.model_name or ""
    ModelChange.objects.using(DATABASE).create(
        at=utc_now(),
        what=CHANGED[type(row)],
        ai_model_id=_model_of(row),
        offer=row if isinstance(row, Offer) else None,
        provider=row if isinstance(row, Provider) else None,
        field=name,
        old=old,
        new=new,
        origin=Origin.EDITOR,
        source=reason[:300],
        by=by,
    )
    record(
        f"{subject}.edited",
        subject=subject,
        subject_id=row.pk,
        before={name: old},
        after={name: new, "reason": reason},
        org_id=None,
    )


def _model_of(row: Row) -> Any:
    if isinstance(row, Offer):
        return row.ai_model_id
    return row.pk if isinstance(row, AIModel) else None


def _plain(value: Any) -> Any:
    """A value as JSON holds it: rows by their name, dates in ISO form."""
    if isinstance(value, Model):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


def _parsed(row: Row, name: str, stated: Any) -> Any:
    """The sources' value as its column takes it; raises ValidationError."""
    field = type(row)._meta.get_field(name)
    if isinstance(field, ForeignKey):
        return AIModel.objects.using(DATABASE).filter(slug=stated).first()
    return field.to_python(stated)  # type: ignore[union-attr]  # a column has it
