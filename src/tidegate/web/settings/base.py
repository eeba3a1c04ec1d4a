"""What every installation shares. The other settings modules say only what differs."""

from __future__ import annotations

import os
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from tidegate.web.settings.datadir import data_dir, database, law_dir, secret_key

WEB = Path(__file__).resolve().parent.parent

# State ------------------------------------------------------------------------------------------
TIDEGATE_DATA_DIR = data_dir()
SECRET_KEY = secret_key(TIDEGATE_DATA_DIR)
DATABASES = {"default": database(TIDEGATE_DATA_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MEDIA_ROOT = TIDEGATE_DATA_DIR / "uploads"

# Folders of YAML laid over the shipped rulebook, in order (the same as `--rulebook` on the command line).
TIDEGATE_OVERLAYS = tuple(Path(part) for part in os.environ.get("TIDEGATE_RULEBOOK", "").split(os.pathsep) if part)
# The last of them: what two persons of an authority changed through the pages.
TIDEGATE_LAW_DIR = law_dir(TIDEGATE_DATA_DIR)
TIDEGATE_OVERLAYS = (
    *(folder for folder in TIDEGATE_OVERLAYS if folder.resolve() != TIDEGATE_LAW_DIR),
    TIDEGATE_LAW_DIR,
)

# Applications -----------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    # Before allauth, so that its pages wear our look (parties/templates/allauth).
    "tidegate.parties",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "tidegate.web",
    "tidegate.web.check",
    "tidegate.web.jobs",
    "tidegate.web.batch",
    "tidegate.web.lawpages",
    "tidegate.web.upkeep",
    "tidegate.web.whatif",
    "tidegate.web.api",
    "tidegate.exchange",
    "tidegate.movements",
]
AUTH_USER_MODEL = "parties.Person"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "tidegate.web.middleware.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Inside WhiteNoise, which has compressed copies. Django masks the CSRF token anew in every response.
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tidegate.parties.middleware.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "tidegate.web.urls"
WSGI_APPLICATION = "tidegate.web.wsgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tidegate.web.context.shell",
            ],
            "builtins": ["tidegate.web.templatetags.tidegate"],
        },
    },
]

# Sign-in --------------------------------------------------------------------------------------------
# Accounts are made by an organisation's manager or at set-up, never by signing up.
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_ADAPTER = "tidegate.parties.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_PREVENT_ENUMERATION = True
# A step that binds the State (a consent) asks again who is there when that was proved longer ago than this, in seconds.
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Tidegate"
MFA_FORMS = {
    "add_webauthn": "tidegate.parties.keyforms.AddKey",
    "edit_webauthn": "tidegate.parties.keyforms.EditKey",
}
# An address is the manager's to vouch for, since nobody signs up. As soon as anybody asks for a new password of an
# address, allauth would let its owner add no second factor before a confirmation that no page here gives.
MFA_ALLOW_UNVERIFIED_EMAIL = True
# Whoever acts for an organisation has a passkey or an authenticator app beside the password.
TIDEGATE_SECOND_FACTOR = True
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# A working day; and the link with which an invited person sets the first password, in seconds.
SESSION_COOKIE_AGE = 8 * 3600
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600
# Sign-in without any proof, one button for each role: the demo settings alone may say so.
TIDEGATE_DEMO = False
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "parties:me"
LOGOUT_REDIRECT_URL = "/"

# Letters: without a mail server they are written into the data folder, one file each.
EMAIL_HOST = os.environ.get("TIDEGATE_SMTP_HOST", "")
EMAIL_PORT = int(os.environ.get("TIDEGATE_SMTP_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("TIDEGATE_SMTP_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("TIDEGATE_SMTP_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("TIDEGATE_SMTP_TLS", "") == "1"
EMAIL_TIMEOUT = 20
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'filebased'}.EmailBackend"
EMAIL_FILE_PATH = TIDEGATE_DATA_DIR / "mail"
DEFAULT_FROM_EMAIL = os.environ.get("TIDEGATE_MAIL_FROM", "tidegate@localhost")
# Where people reach this installation (https://host), for the links in letters that no request asked for.
TIDEGATE_SITE = os.environ.get("TIDEGATE_SITE", "").rstrip("/")
# Webhooks go to public addresses alone, over HTTPS. True lets in private ones, and plain HTTP to this machine.
TIDEGATE_WEBHOOK_PRIVATE = os.environ.get("TIDEGATE_WEBHOOK_PRIVATE", "") == "1"

# Static files: served by WhiteNoise straight from the packages, so there is no collectstatic step.
STATIC_URL = "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "tidegate.web.static_storage.VersionedStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
# An address carries a hash of the file's content (?v=…), so a browser may keep what it has.
WHITENOISE_MAX_AGE = 30 * 24 * 3600

# Languages --------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", _("English")),
    ("vi", _("Vietnamese")),
    ("th", _("Thai")),
    ("id", _("Indonesian")),
    ("ms", _("Malay")),
]
LOCALE_PATHS = [WEB / "locale"]
USE_I18N = True
# Where figures are grouped at all, and Django's formats of the language name no grouping (Vietnamese): in thousands.
NUMBER_GROUPING = 3
USE_TZ = True
# The day of a check that names none is that of this zone.
TIME_ZONE = os.environ.get("TIDEGATE_TIME_ZONE", "UTC")
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True
# Translations that no speaker of the language has read yet; pages in them say so.
TIDEGATE_MACHINE_DRAFTS = frozenset({"vi", "th", "id", "ms"})

# Security ---------------------------------------------------------------------------------------
DEBUG = False
ALLOWED_HOSTS: list[str] = []
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
# One policy for every page; a view may widen a directive with tidegate.web.middleware.csp_update.
TIDEGATE_CSP = {
    "default-src": ["'self'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "object-src": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
}

# What a request may carry. Files are streamed to disk above the memory limit.
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_NUMBER_FILES = 5
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
# The largest file that an upload page takes, in bytes.
TIDEGATE_UPLOAD_MAX_BYTES = int(os.environ.get("TIDEGATE_UPLOAD_MAX_BYTES", 2 * 1024**3))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"tidegate": {"level": "INFO"}, "django": {"handlers": ["stderr"], "propagate": False}},
}
