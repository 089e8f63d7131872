"""Open cameras and streams with timeouts of seconds, list what cameras are there, and say why one does not open."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2

from realtime.sources.frame import SourceError
from realtime.sources.names import is_text, mask_secrets

# How long, in ms, opening a stream and waiting for each of its frames may take. OpenCV's own limit of 30 s would let
# the window stand still for as long. Set by hand.
TIMEOUT_MS = 2000
# Names that --camera-backend takes, and OpenCV's number for each.
BACKENDS = {
    "any": cv2.CAP_ANY,
    "v4l2": cv2.CAP_V4L2,
    "dshow": cv2.CAP_DSHOW,
    "msmf": cv2.CAP_MSMF,
    "avfoundation": cv2.CAP_AVFOUNDATION,
    "gstreamer": cv2.CAP_GSTREAMER,
}
# Backends that "auto" tries in turn on each platform (as sys.platform); on others OpenCV chooses.
AUTO_BACKENDS = {"linux": ("v4l2",), "win32": ("msmf", "dshow"), "darwin": ("avfoundation",)}
# The largest number of a camera: OpenCV takes it as a signed integer of 32 bits and raises an error beyond.
MAX_CAMERA_NUMBER = 2**31 - 1
# Folders in which a Linux system lists its video devices, and the name of each.
DEVICES, DEVICE_NAMES = Path("/dev"), Path("/sys/class/video4linux")


@dataclass(frozen=True)
class CameraSettings:
    """What to ask of a camera: size (w, h) in pixels, frames a second, backend; None leaves it to the camera."""

    size: tuple[int, int] | None = None
    fps: float | None = None
    backend: str = "auto"


def is_stream(source: str) -> bool:
    """Tell whether a source is an address, such as rtsp:// or http://."""
    return "://" in source


def is_camera(source: str) -> bool:
    """Tell whether a source is a camera: its number, or the path of a device."""
    return source.isdecimal() or source.startswith("/dev/")


def open_live(source: str, settings: CameraSettings) -> cv2.VideoCapture:
    """Open a camera or stream. Raises SourceError that says what was tried and what the likely cause is."""
    if not is_text(source):
        raise SourceError(
            f"cannot open {mask_secrets(source)}: no text, and neither cameras nor addresses are called so"
        )
    return _open_stream(source) if is_stream(source) else _open_camera(source, settings)


def _open_stream(address: str) -> cv2.VideoCapture:
    # One thread decodes: of several, each would hold back a frame.
    options = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, TIMEOUT_MS]
    capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, [*options, cv2.CAP_PROP_N_THREADS, 1])
    if capture.isOpened():
        return capture
    capture.release()
    raise SourceError(
        f"cannot open stream {mask_secrets(address)}: no answer as video within {TIMEOUT_MS / 1000:g} s; "
        "is the address right, the sender running, and its user name and password in the address?"
    )


def _open_camera(source: str, settings: CameraSettings) -> cv2.VideoCapture:
    if source.isdecimal() and int(source) > MAX_CAMERA_NUMBER:
        raise SourceError(f"no camera has the number {source} (see --list-cameras)")
    backends = AUTO_BACKENDS.get(sys.platform, ("any",)) if settings.backend == "auto" else (settings.backend,)
    for backend in backends:
        capture = cv2.VideoCapture(int(source) if source.isdecimal() else source, BACKENDS[backend])
        if capture.isOpened():
            _configure(capture, settings)
            return capture
        capture.release()
    tried = " and ".join(backends)
    raise SourceError(f"cannot open camera {source} (tried {tried}): {likely_cause(source, sys.platform)}")


def _configure(capture: cv2.VideoCapture, settings: CameraSettings) -> None:
    """Set format, then size, then rate: USB cameras give large pictures at full rate only as MJPG."""
    if settings.size is not None:
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, settings.size[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.size[1])
    if settings.fps is not None:
        capture.set(cv2.CAP_PROP_FPS, settings.fps)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)


def likely_cause(source: str, platform: str) -> str:
    """Name the likely cause, on this platform (as sys.platform), that a camera does not open, and the next step."""
    if platform == "darwin":
        return "allow the terminal to use it under System Settings, Privacy & Security, Camera; then start it anew"
    if platform == "win32":
        return (
            "allow desktop apps to use it under Settings, Privacy, Camera, close other programs that use it, "
            "or try another --camera-backend"
        )
    devices = camera_devices()
    device = DEVICES / f"video{source}" if source.isdecimal() else Path(source)
    if not devices:
        return (
            "this system knows no camera at all: plug one in; in a container pass it through "
            "(docker run --device /dev/video0), in a virtual machine or WSL attach the USB device"
        )
    if not device.exists():
        return f"there is no {device}; there are {', '.join(map(str, devices))} (see --list-cameras)"
    if not os.access(device, os.R_OK | os.W_OK):
        return f"no permission for {device}: join its group (sudo usermod -aG video $USER) and log in again"
    return (
        f"{device} is there but does not open: close other programs that use it (fuser {device}), "
        "or it is the second device of a camera, which gives no picture (see --list-cameras)"
    )


def camera_devices() -> list[Path]:
    """List the video devices of a Linux system in the order of their numbers."""
    return sorted(DEVICES.glob("video[0-9]*"), key=lambda device: (len(device.name), device.name))


def list_cameras(limit: int = 8) -> list[str]:
    """Describe each camera in a line: its number, its name, and the size it gives or why it gives none.

    limit: how many numbers are tried on systems that cannot list their cameras.
    """
    if sys.platform.startswith("linux"):
        sources = [(device.name.removeprefix("video"), _name(device)) for device in camera_devices()]
    else:
        sources = [(str(index), "") for index in range(limit)]
    lines = []
    for source, name in sources:
        try:
            capture = open_live(source, CameraSettings())
        except SourceError as error:
            if name:  # without a name the number was only a guess, and there is no such camera
                lines.append(f"{source}  {name}: {str(error).partition(': ')[2]}")
            continue
        width, height = (round(capture.get(p)) for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        lines.append(f"{source}  {name or 'camera'}: {width}x{height} at {capture.get(cv2.CAP_PROP_FPS):g} fps")
        capture.release()
    return lines


def _name(device: Path) -> str:
    """Return what the system calls a video device."""
    try:
        return (DEVICE_NAMES / device.name / "name").read_text(encoding="utf-8").strip()
    except OSError:
        return str(device)
