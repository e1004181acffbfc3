"""What an alias's savings are measured against after a switch."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("router", "0014_mend_missing_times")]

    operations = [
        migrations.AddField(
            model_name="alias",
            name="baseline_model",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=160
            ),
        ),
    ]
