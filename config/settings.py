"""Django's settings: one file, every value from `config.env` or fixed here."""

from pathlib import Path
from typing import Any

from django.utils.csp import CSP

from config.env import Env, EnvError, mailer, postgres, with_user

env = Env()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env.path("MODELOPTIX_DATA_DIR", BASE_DIR / ".modeloptix")

DEBUG = env.flag("DEBUG", default=False)
# Where the product is reached from outside; mails and the printed curl use it.
SITE_URL = env.text("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
TRUSTED_PROXIES = env.words("TRUSTED_PROXIES")
CORS_ORIGIN = env.text("CORS_ORIGIN")

SECRET_KEY = env.text("SECRET_KEY", "development-only" if DEBUG else "")
KEY_PEPPER = env.text("KEY_PEPPER", "development-only" if DEBUG else "")
for _name, _value in {"SECRET_KEY": SECRET_KEY, "KEY_PEPPER": KEY_PEPPER}.items():
    if not _value:
        raise EnvError(_name, "must be set when DEBUG is off")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.google",
    "allauth.socialaccount.providers.github",
    "apps.tenancy",
    "apps.providers",
    "apps.accounts",
    "apps.catalog",
    "apps.router",
    "apps.web",
]

# Each entry costs about 60 µs and a thread hop under ASGI: keep the list short.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "apps.accounts.middleware.OrganizationMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "loaders": [
                "django.template.loaders.filesystem.Loader",
                "django.template.loaders.app_directories.Loader",
            ]
            if DEBUG
            else [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.accounts.middleware.organization_context",
            ],
        },
    }
]

# Four logins, one database. `default` (app) owns nothing and cannot pass row
# security; `owner` migrates; `jobs` reads across organizations by named
# policies; `ledger` may only INSERT into the ledger.
DATABASE_URL = env.text("DATABASE_URL", "postgresql://modeloptix_app@/modeloptix")
OWNER_URL = env.text("DATABASE_OWNER_URL", with_user(DATABASE_URL, "modeloptix_owner"))
JOBS_URL = env.text("DATABASE_JOBS_URL", with_user(DATABASE_URL, "modeloptix_jobs"))
LEDGER_URL = env.text(
    "DATABASE_LEDGER_URL", with_user(DATABASE_URL, "modeloptix_ledger")
)
DATABASE_POOL_SIZE = env.integer("DATABASE_POOL_SIZE", 0)


def _database(name: str, url: str, *, pool_size: int = 0) -> dict[str, Any]:
    config = postgres(name, url)
    options = {"connect_timeout": 5, **config.pop("OPTIONS")}
    if pool_size:
        options["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": 2}
    return {
        "ENGINE": "apps.tenancy.postgres",
        "CONN_MAX_AGE": 0,
        # A pool may hold connections to a server that was restarted since.
        "CONN_HEALTH_CHECKS": bool(pool_size),
        "DISABLE_SERVER_SIDE_CURSORS": True,
        **config,
        "OPTIONS": options,
    }


DATABASES = {
    "default": _database("DATABASE_URL", DATABASE_URL, pool_size=DATABASE_POOL_SIZE),
    "owner": _database("DATABASE_OWNER_URL", OWNER_URL),
    "jobs": _database("DATABASE_JOBS_URL", JOBS_URL),
    "ledger": _database("DATABASE_LEDGER_URL", LEDGER_URL),
}
DATABASE_ROUTERS = ["apps.tenancy.routing.OwnerMigrates"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "mx",
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = False
CSRF_FAILURE_VIEW = "apps.accounts.http.csrf_failed"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

SECURE_HTTPS = SITE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_HTTPS
SECURE_HSTS_SECONDS = 2 * 365 * 24 * 3600 if SECURE_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HTTPS
SECURE_HSTS_PRELOAD = SECURE_HTTPS
SECURE_SSL_REDIRECT = False
# The proxy that ends TLS sends plain HTTP on; redirecting that would loop.
SILENCED_SYSTEM_CHECKS = ["security.W008"]
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
)
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
    "base-uri": [CSP.NONE],
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "web:dashboard"
LOGOUT_REDIRECT_URL = "web:home"

ACCOUNT_ADAPTER = "apps.accounts.adapter.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "apps.accounts.adapter.SocialAccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_PROVIDERS: dict[str, dict[str, Any]] = {}
for _provider, _scope in {
    "google": ["profile", "email"],
    "github": ["read:user", "user:email"],
}.items():
    _id = env.text(f"{_provider.upper()}_CLIENT_ID")
    _secret = env.text(f"{_provider.upper()}_CLIENT_SECRET")
    if bool(_id) != bool(_secret):
        raise EnvError(
            f"{_provider.upper()}_CLIENT_ID", "needs its _CLIENT_SECRET beside it"
        )
    if _id:
        SOCIALACCOUNT_PROVIDERS[_provider] = {
            "SCOPE": _scope,
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [{"client_id": _id, "secret": _secret, "key": ""}],
        }

# Without a mail server mail goes to the console, and to /dev/mail/ under DEBUG.
EMAIL_URL = env.text("EMAIL_URL")
MAILERS = {
    "default": mailer("EMAIL_URL", EMAIL_URL)
    if EMAIL_URL
    else {"BACKEND": "apps.accounts.mail.KeptMail"}
}
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "ModelOptix <no-reply@localhost>")

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.accounts.authentication.APIKeyAuthentication"
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "apps.accounts.http.exception_handler",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "apps.accounts.parsers.StrictJSONParser",
        "apps.accounts.parsers.AnyAsJSONParser",
    ],
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "ModelOptix API",
    "DESCRIPTION": "One API in front of every model, with its cost on each answer.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "ENUM_NAME_OVERRIDES": {"TaskEnum": "apps.router.serializers.TASKS"},
    "PARSER_WHITELIST": ["apps.accounts.parsers.StrictJSONParser"],
}

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://").replace(
    "?db=", "?virtual_host="
)

# The installation's own provider keys, by the variable that a provider names.
PROVIDER_KEY = env.text
LOCAL_MODEL_URL = env.text("LOCAL_MODEL_URL")
PREMIUM_MODEL = env.text("PREMIUM_MODEL", "openai/gpt-6-sol")

JOURNAL_DIR = env.path("JOURNAL_DIR", DATA_DIR / "journal")
LEDGER_FSYNC_MS = env.integer("LEDGER_FSYNC_MS", 100)
LEDGER_DURABILITY = env.choice("LEDGER_DURABILITY", "journal", {"journal", "database"})
REQUEST_MAX_BYTES = env.integer("REQUEST_MAX_BYTES", 4 * 1024 * 1024, least=1024)
DATA_UPLOAD_MAX_MEMORY_SIZE = REQUEST_MAX_BYTES
# One deadline for the whole request, and the share of it one offer may take before
# the next is tried. Reasoning models stay silent for up to a minute.
REQUEST_DEADLINE_S = env.integer("REQUEST_DEADLINE_S", 300, least=1)
ATTEMPT_TIMEOUT_S = env.integer("ATTEMPT_TIMEOUT_S", 90, least=1)
