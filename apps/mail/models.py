"""Who does not want which kind of notification."""

from django.conf import settings
from django.db import models


class OptOut(models.Model):
    """One person asked not to get one kind of notification.

    It belongs to the person, not to an organization: somebody who unsubscribes means
    all of them. Mail that is part of using the product (a new password, a finished
    export, a deletion) has no kind and cannot be refused.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    kind = models.CharField(max_length=40)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["user", "kind"], name="opt_out_is_one"),
        )

    def __str__(self) -> str:
        return f"{self.user_id} without {self.kind}"
