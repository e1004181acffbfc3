"""Addresses of mail."""

from django.urls import path

from apps.mail import views

app_name = "mail"
urlpatterns = [
    path("mail/unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path("dev/mail/", views.sent, name="sent"),
    path("dev/mail/<slug:name>/", views.message, name="message"),
    path("dev/mail/<slug:name>/html/", views.message_html, name="message-html"),
]
