"""What a key may be limited to, and the secret it had before a rotation."""

import django.contrib.postgres.fields
from django.db import migrations, models


def _texts(max_length):
    return django.contrib.postgres.fields.ArrayField(
        base_field=models.CharField(max_length=max_length), default=list, db_default=[]
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_protect_invitations")]

    operations = [
        migrations.AddField(
            "apikey", "previous_digest", models.BinaryField(max_length=32, null=True)
        ),
        migrations.AddField(
            "apikey",
            "previous_last4",
            models.CharField(max_length=4, default="", db_default=""),
        ),
        migrations.AddField(
            "apikey", "previous_until", models.DateTimeField(null=True)
        ),
        migrations.AddField("apikey", "rotated_at", models.DateTimeField(null=True)),
        migrations.AddField("apikey", "allowed_models", _texts(200)),
        migrations.AddField("apikey", "allowed_ips", _texts(43)),
        migrations.AddField(
            "apikey", "requests_per_minute", models.PositiveIntegerField(null=True)
        ),
        migrations.AddField(
            "apikey", "tokens_per_minute", models.PositiveIntegerField(null=True)
        ),
    ]
