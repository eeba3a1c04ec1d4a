"""QR codes read in the browser: with the camera and from a photo, by the browser's own detector or by jsQR."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import pytest
import segno
from django.test import Client

from tests.movements.people import actor, issued
from tests.movements.test_pages_browser import Axe, enter
from tidegate.movements.commands import certificates
from tidegate.movements.models import Certificate

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.ci, pytest.mark.django_db(transaction=True)]

# A camera that films one picture: what it gives is a stream as a real one's, and can be stopped as one.
CAMERA = """
window.stopped = 0;
navigator.mediaDevices.getUserMedia = async (asked) => {
  window.asked = asked;
  if (!window.picture) throw new DOMException("no camera", "NotAllowedError");
  const image = new Image();
  image.src = window.picture;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.width; canvas.height = image.height;
  const draw = () => canvas.getContext("2d").drawImage(image, 0, 0);
  draw();
  setInterval(draw, 50);
  const stream = canvas.captureStream(20);
  const track = stream.getTracks()[0], stop = track.stop.bind(track);
  track.stop = () => { window.stopped += 1; stop(); };
  return stream;
};
"""
OWN = """
window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code"]; }
  async detect(source) { window.detected = source.constructor.name; return [{ rawValue: window.says }]; }
};
"""


def png(text: str, scale: int = 4) -> bytes:
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="png", scale=scale, border=4)
    return out.getvalue()


def picture(text: str) -> str:
    return "data:image/png;base64," + base64.b64encode(png(text)).decode()


@pytest.fixture
def certificate() -> Certificate:
    permit = issued(valid_from="2026-01-01", valid_until="2099-12-31")
    Client().get("/verify/")  # the first page of a process takes longest
    made: Certificate = certificates.issue(actor("competent_authority"), permit.pk, kind="permit")
    return made


def film(page: Page, text: str | None, own: bool = False) -> None:
    page.add_init_script(CAMERA + (f"window.picture = {picture(text)!r};" if text else ""))
    page.add_init_script(
        OWN + f"window.says = {text!r};"
        if own
        else "Object.defineProperty(window, 'BarcodeDetector', {}); delete window.BarcodeDetector;"
    )


def test_a_certificate_is_scanned_and_checked(certificate: Certificate, live_server: Any, page: Page, axe: Axe) -> None:
    """The camera films a dense code; with no detector of the browser's own, jsQR reads it and the answer is there."""
    film(page, certificate.token)
    page.goto(f"{live_server.url}/verify/")
    assert axe(page) == []
    page.get_by_role("button", name="Scan with the camera").click()
    page.get_by_role("heading", name="Valid", exact=True).wait_for()
    assert certificate.number in page.content()
    # Typing stays possible, and nothing was asked of the camera but its picture.
    assert page.locator("#id_token").is_visible()


def test_the_browsers_own_detector_comes_first(
    certificate: Certificate, live_server: Any, phone: Page, axe: Axe
) -> None:
    """At the border: the code of a paper is an address, whose case is looked up; the camera is off afterwards."""
    film(phone, certificate.token, own=True)
    phone.add_init_script(
        "document.addEventListener('submit', (event) => { if (window.hold) event.preventDefault(); }, true);"
    )
    enter(phone, live_server.url, actor("customs", "clerk"))
    phone.goto(f"{live_server.url}/border")
    assert axe(phone) == []
    phone.evaluate("window.hold = true")
    phone.get_by_role("button", name="Scan with the camera").click()
    phone.wait_for_function("() => document.querySelector('#qr').value.length > 100")
    assert phone.evaluate("document.querySelector('#qr').value") == certificate.token
    assert phone.evaluate("window.detected") == "HTMLVideoElement"
    assert phone.evaluate("window.asked.video.facingMode") == "environment"
    assert phone.evaluate("window.asked.audio") is False
    assert phone.evaluate("window.stopped") == 1
    assert phone.evaluate("!window.jsQR")
    phone.evaluate("window.hold = false; document.querySelector('#qr').form.requestSubmit()")
    phone.get_by_role("heading", name="Valid", exact=True).wait_for()


def test_a_photo_is_read_and_one_without_a_code_says_so(certificate: Certificate, live_server: Any, page: Page) -> None:
    film(page, None)
    page.goto(f"{live_server.url}/verify/")
    page.get_by_role("button", name="Scan with the camera").click()
    page.get_by_text("The camera cannot be used").wait_for()
    upload = page.locator("[data-mv-photo]")
    blank: Any = {"name": "a.png", "mimeType": "image/png", "buffer": png("x")[:60]}
    good: Any = {"name": "b.png", "mimeType": "image/png", "buffer": png(certificate.token)}
    upload.set_input_files(files=[blank])
    page.get_by_text("No code was found in the picture").wait_for()
    upload.set_input_files(files=[good])
    page.get_by_role("heading", name="Valid", exact=True).wait_for()


def test_it_can_be_stopped(certificate: Certificate, live_server: Any, page: Page) -> None:
    film(page, "x" * 5, own=False)
    page.goto(f"{live_server.url}/verify/")
    page.evaluate("window.picture = 'data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=='")
    page.get_by_role("button", name="Scan with the camera").click()
    stop = page.get_by_role("button", name="Stop the camera")
    stop.wait_for()
    assert stop.evaluate("(button) => button === document.activeElement")
    page.keyboard.press("Escape")
    page.wait_for_function("() => window.stopped === 1")
    assert page.get_by_role("button", name="Scan with the camera").is_visible()


def test_without_scripts_the_box_is_all_there_is(certificate: Certificate, live_server: Any, no_js: Page) -> None:
    no_js.goto(f"{live_server.url}/verify/")
    assert not no_js.get_by_role("button", name="Scan with the camera").is_visible()
    no_js.locator("#id_token").fill(certificate.token)
    no_js.get_by_role("button", name="Check").click()
    no_js.get_by_role("heading", name="Valid", exact=True).wait_for()


def test_only_these_pages_may_ask_for_the_camera(certificate: Certificate) -> None:
    client = Client()
    assert "camera=(self)" in client.get("/verify/")["Permissions-Policy"]
    assert "camera=()" in client.get("/")["Permissions-Policy"]
