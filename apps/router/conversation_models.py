"""Responses that are kept, so that a later request can go on from them."""

from django.db import models

from apps.tenancy.models import TenantModel


class StoredResponse(TenantModel):
    """One Response with what was said to get it; those before it are found by id.

    Written by the web processes in SQL (`conversations`), and only for an organization
    that stores its prompts. Both texts are JSON without NUL, with what the
    organization redacts taken out.
    """

    # The id in the answer: ours, or that of the provider who gave it.
    response_id = models.CharField(max_length=200)
    # The id of the Response before; empty at the beginning.
    previous = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    # The items of this request alone, and the whole Response.
    input = models.TextField()
    response = models.TextField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["org", "response_id"], name="stored_response_is_one_an_id"
            ),
        )
        indexes = (
            models.Index(
                fields=["org", "created_at"], name="router_stored_response_by_age"
            ),
        )

    def __str__(self) -> str:
        return self.response_id
