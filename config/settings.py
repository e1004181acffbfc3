"""Django's settings: one file, every value from `config.env` or fixed here."""

from pathlib import Path
from typing import Any

from django.utils.csp import CSP

from apps.kit.sealing import KEY_BYTES, Keyring
from config.env import Env, EnvError, mailer, postgres, resend, with_user

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
# Seal what must be read back (provider keys, single sign-on secrets): new first.
KEY_ENCRYPTION_KEYS = env.keyring(
    "KEY_ENCRYPTION_KEYS",
    Keyring({1: b"development-only".ljust(KEY_BYTES, b".")}) if DEBUG else None,
)

INSTALLED_APPS = [
    "config.admin.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.sitemaps",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.google",
    "allauth.socialaccount.providers.github",
    "allauth.mfa",
    "allauth.usersessions",
    "apps.tenancy",
    "apps.jobs",
    "apps.audit",
    "apps.mail",
    "apps.providers",
    "apps.accounts",
    "apps.catalog",
    "apps.sso",
    "apps.vault",
    "apps.privacy",
    "apps.alerts",
    "apps.router",
    "apps.portfolio",
    "apps.checks",
    "apps.opportunities",
    "apps.savings",
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
                "apps.web.banner.job_trouble",
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
        "BACKEND": "apps.accounts.shared_cache.SharedCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "mx",
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
    }
}
# Room for stored answers in Valkey, for each organization.
ANSWER_CACHE_MB = env.integer("ANSWER_CACHE_MB", 32)
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
# One alone: each backend that is asked hashes the password once more.
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
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

ACCOUNT_ADAPTER = "apps.sso.adapter.SSOAccountAdapter"
SOCIALACCOUNT_ADAPTER = "apps.sso.adapter.SSOSocialAccountAdapter"
MFA_ADAPTER = "apps.accounts.mfa.MFAAdapter"
ACCOUNT_FORMS = {"signup": "apps.accounts.sign_in_forms.SignupForm"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
# Only in the browser that signed up, whose session remembers the page it asked for.
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
# Counted in the shared cache, so for all processes together. `ip` is the client's
# address behind trusted proxies, `key` the address or account that is asked for.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/300s/key",
    "signup": "20/m/ip",
    "reset_password": "20/m/ip,5/m/key",
    "reset_password_from_key": "20/m/ip",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
    "manage_email": "10/m/user",
    "confirm_email": "1/180s/key",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
# A code of the step before would be good for longer than it is remembered as used.
MFA_TOTP_TOLERANCE = 0
# What browsers take for secure: https, and localhost while developing.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = False
SOCIALACCOUNT_LOGIN_ON_GET = False
# An address alone never opens or links an account; no token of a provider is kept.
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_STORE_TOKENS = False
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

# Browsers apply form-action to where a form's answer redirects to as well.
SECURE_CSP["form-action"] = [
    CSP.SELF,
    *(
        origin
        for name, origin in {
            "google": "https://accounts.google.com",
            "github": "https://github.com",
        }.items()
        if name in SOCIALACCOUNT_PROVIDERS
    ),
]
# Who may open an account: everyone, or who was let in from the waitlist or invited.
SIGN_UP = env.choice("SIGN_UP", "open", {"open", "waitlist"})
# For installations inside a network: customers' URLs may lead to private addresses.
PRIVATE_ADDRESSES_ALLOWED = env.flag("PRIVATE_ADDRESSES_ALLOWED", default=False)
# Alerts that come within so many seconds become one message.
ALERT_FOLD_S = env.seconds("ALERT_FOLD_S", 300.0, least=0.0)
TXT_RESOLVER = "apps.sso.dns.txt_records"

# Resend, else a mail server, else the console; /dev/mail/ shows all under DEBUG.
RESEND_API_KEY = env.text("RESEND_API_KEY")
EMAIL_URL = env.text("EMAIL_URL")
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "ModelOptix <no-reply@localhost>")
if RESEND_API_KEY and "@localhost" in DEFAULT_FROM_EMAIL:
    raise EnvError("DEFAULT_FROM_EMAIL", "must be an address of your Resend domain")
if RESEND_API_KEY:
    MAILERS = {"default": resend(RESEND_API_KEY, env.text("RESEND_API_URL"))}
elif EMAIL_URL:
    MAILERS = {"default": mailer("EMAIL_URL", EMAIL_URL)}
else:
    MAILERS = {"default": {"BACKEND": "django.core.mail.backends.console.EmailBackend"}}
# "now" sends in the request itself: for tests, whose transaction never commits.
MAIL_DELIVERY = "outbox"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {
        # At DEBUG it writes out a whole page's context, a key just made included.
        "django.template": {"level": "INFO"},
    },
}

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.static.StaticStorage"},
}

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
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "apps.router.openapi.complete",
    ],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "ENUM_NAME_OVERRIDES": {
        "ExperimentKind": "apps.router.experiment_models.Experiment.Kind",
        "ExperimentState": "apps.router.experiment_models.Experiment.State",
        "PriorityEnum": "apps.router.serializers.PRIORITIES",
        "TaskEnum": "apps.router.serializers.TASKS",
        "AlertKindEnum": "apps.alerts.serializers.KIND_CODES",
        "SeverityEnum": "apps.alerts.serializers.SEVERITY_CODES",
        "DismissReasonEnum": "apps.opportunities.models.Opportunity.Reason",
        "ProductCategoryEnum": "apps.portfolio.models.Product.Category",
        "ProductStatusEnum": "apps.portfolio.models.Product.Status",
        "FunctionPriorityEnum": "apps.portfolio.models.Function.Priority",
        "QualityNeedEnum": "apps.portfolio.models.Function.QualityNeed",
        "SwitchStateEnum": "apps.savings.models.Switch.State",
        "RoleEnum": "apps.accounts.organization_forms.ROLES",
        "InvitableRoleEnum": "apps.accounts.organization_forms.INVITABLE_ROLES",
    },
    "PARSER_WHITELIST": ["apps.accounts.parsers.StrictJSONParser"],
}

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://").replace(
    "?db=", "?virtual_host="
)

# A run that was silent for the lease is lost and tried again; its worker stops by
# itself. The limit ends a run that beats on but comes to no end.
JOB_HEARTBEAT_S = env.seconds("JOB_HEARTBEAT_S", 30.0, least=0.05)
JOB_LEASE_S = env.seconds("JOB_LEASE_S", 300.0, least=0.2)
JOB_LIMIT_S = env.seconds("JOB_LIMIT_S", 1800.0, least=1.0)
if JOB_LEASE_S < 3 * JOB_HEARTBEAT_S:
    raise EnvError("JOB_LEASE_S", "must be at least three times JOB_HEARTBEAT_S")
# How often a failed run and an undelivered message are tried in all.
JOB_ATTEMPTS = env.integer("JOB_ATTEMPTS", 6, least=1)
OUTBOX_ATTEMPTS = env.integer("OUTBOX_ATTEMPTS", 15, least=1)
# Longer than the slowest handler takes, or its message is delivered a second time.
OUTBOX_LEASE_S = env.seconds("OUTBOX_LEASE_S", 120.0, least=0.2)

# The installation's own provider keys, by the variable that a provider names.
PROVIDER_KEY = env.text
LOCAL_MODEL_URL = env.text("LOCAL_MODEL_URL")

# Where the catalog is synced from: a base URL, a `file:` URL or a folder that mirrors
# it; "off" leaves a source alone. What is read there is in docs/catalog.md.
OPENROUTER_URL = env.text("OPENROUTER_URL", "https://openrouter.ai/api/v1")
MODELS_DEV_URL = env.text("MODELS_DEV_URL", "https://models.dev/api.json")
LITELLM_PRICES_URL = env.text(
    "LITELLM_PRICES_URL",
    "https://raw.githubusercontent.com/BerriAI/litellm/main/"
    "model_prices_and_context_window.json",
)
DEPRECATIONS_URL = env.text(
    "DEPRECATIONS_URL",
    "https://raw.githubusercontent.com/leblancfg/deprecations-rss/main/data.json",
)
# Where benchmark results are read instead of at their publishers: an address, a
# `file:` URL or a path; "off" leaves a source alone.
BENCHMARK_URLS = {
    name: env.text(f"BENCHMARK_{name.upper()}_URL")
    for name in (
        *("aider", "artificial_analysis", "livebench", "models_dev", "openrouter"),
        *("tau2", "vectara"),
    )
}
LIVEBENCH_RELEASE = env.text("LIVEBENCH_RELEASE", "2026-01-08")
ARTIFICIAL_ANALYSIS_API_KEY = env.text("ARTIFICIAL_ANALYSIS_API_KEY")
# Whether a second editor has to approve overrides of trust and of the catalog.
TRUST_TWO_PERSON_APPROVAL = env.flag("TRUST_TWO_PERSON_APPROVAL", default=False)

# Without it no plan is sold, and every limit of the plans is off.
STRIPE_SECRET_KEY = env.text("STRIPE_SECRET_KEY")
PREMIUM_MODEL = env.text("PREMIUM_MODEL", "openai/gpt-6-sol")
# Fields of `opportunities.engine.need.Thresholds` that differ from the documented ones,
# such as {"fit": 0.2}.
OPPORTUNITY_THRESHOLDS: dict[str, Any] = {}

JOURNAL_DIR = env.path("JOURNAL_DIR", DATA_DIR / "journal")
LEDGER_FSYNC_MS = env.integer("LEDGER_FSYNC_MS", 100)
# Whole months older than this are dropped; 0 keeps the ledger for ever.
LEDGER_RETENTION_DAYS = env.integer("LEDGER_RETENTION_DAYS", 0)
if 0 < LEDGER_RETENTION_DAYS < 31:
    raise EnvError("LEDGER_RETENTION_DAYS", "is 0 (for ever) or 31 at the least")
LEDGER_DURABILITY = env.choice("LEDGER_DURABILITY", "journal", {"journal", "database"})
# Whose signature a report of leaked keys must bear; a file's path or URL will do.
SECRET_SCANNING_KEYS_URL = env.text(
    "SECRET_SCANNING_KEYS_URL",
    "https://api.github.com/meta/public_keys/secret_scanning",
)
# What a key may ask that has no limit of its own; 0 switches this off.
RATE_LIMIT_MAX = env.integer("RATE_LIMIT_MAX", 100)
RATE_LIMIT_WINDOW_SEC = env.integer("RATE_LIMIT_WINDOW_SEC", 60, least=1)
REQUEST_MAX_BYTES = env.integer("REQUEST_MAX_BYTES", 4 * 1024 * 1024, least=1024)
DATA_UPLOAD_MAX_MEMORY_SIZE = REQUEST_MAX_BYTES
# One deadline for the whole request, and the share of it one offer may take before
# the next is tried. Reasoning models stay silent for up to a minute.
REQUEST_DEADLINE_S = env.integer("REQUEST_DEADLINE_S", 300, least=1)
ATTEMPT_TIMEOUT_S = env.integer("ATTEMPT_TIMEOUT_S", 90, least=1)
# What a stream may still take when its process is asked to stop; the server's
# --workers-kill-timeout must be some seconds longer.
SHUTDOWN_GRACE_S = env.integer("SHUTDOWN_GRACE_S", 30, least=0)
