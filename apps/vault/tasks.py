"""What runs on the clock: what is sealed comes under the newest key."""

from apps.jobs.job import job
from apps.jobs.lock import Held
from apps.vault import rotation


@job(rotation.JOB)
def rotate_provider_keys(held: Held) -> rotation.Rotated:
    return rotation.rotate(held)
