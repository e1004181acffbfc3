#!/usr/bin/env python
"""Run a Django command; `./run manage` starts the embedded services around it."""

import os
import sys

from django.core.management import execute_from_command_line

from apps.audit.actor import Actor, Via, acting

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    with acting(Actor(via=Via.COMMAND)):
        execute_from_command_line(sys.argv)
