"""Where static files are fetched: our own from `/static/`, the admin's beside it.

Ours are in one folder, which the server mounts (README, Procfile). The admin's files
come with Django; serving these few from the package saves every installation a
`collectstatic` and a second mount.
"""

from pathlib import Path
from typing import Final

from django.contrib import admin
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from django.views.static import serve

ADMIN_URL: Final = "/admin/static/"
_PREFIX: Final = "admin/"
_FOLDER: Final = Path(admin.__file__).parent / "static" / "admin"


class StaticStorage(StaticFilesStorage):
    """Send what asks for the admin's files to the view below."""

    def url(self, name: str | None, *args: object, **options: object) -> str:
        if name and name.startswith(_PREFIX):
            return ADMIN_URL + name.removeprefix(_PREFIX)
        return super().url(name)


@require_safe
@cache_control(public=True, max_age=24 * 3600)
def admin_file(request: HttpRequest, path: str) -> HttpResponseBase:
    """One of the files that Django's admin brings along."""
    found = serve(request, path, document_root=str(_FOLDER))
    if not isinstance(found, FileResponse):
        return found
    # A file's own iterator is synchronous, which an ASGI server would complain of.
    content = found.getvalue()
    found.close()
    return HttpResponse(content, headers=found.headers)
