"""Open cameras and streams with timeouts of seconds, list what cameras are there, and say why one does not open."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from realtime.sources.frame import SourceError

# isort: split
import cv2

TIMEOUT_MS = 2000  # for opening a stream, and for each of its frames; OpenCV's own is 30 s
BACKENDS = {
    "any": cv2.CAP_ANY,
    "v4l2": cv2.CAP_V4L2,
    "dshow": cv2.CAP_DSHOW,
    "msmf": cv2.CAP_MSMF,
    "avfoundation": cv2.CAP_AVFOUNDATION,
    "gstreamer": cv2.CAP_GSTREAMER,
}
USUAL = {"linux": ("v4l2",), "win32": ("msmf", "dshow"), "darwin": ("avfoundation",)}
MOST_CAMERAS = 2**31 - 1  # larger numbers are none for OpenCV
DEVICES = Path("/dev")
NAMES = Path("/sys/class/video4linux")


@dataclass(frozen=True)
class CameraSettings:
    """What is asked of a camera: size (w, h) in pixels, frames a second, backend; None leaves it to the camera."""

    size: tuple[int, int] | None = None
    fps: float | None = None
    backend: str = "auto"


def is_stream(source: str) -> bool:
    """Tell whether a source is an address, such as rtsp:// or http://."""
    return "://" in source


def is_camera(source: str) -> bool:
    """Tell whether a source is a camera: its number, or the path of a device."""
    return source.isdecimal() or source.startswith("/dev/")


def open_live(source: str, wanted: CameraSettings) -> cv2.VideoCapture:
    """Open a camera or stream. Raises SourceError that says what was tried and what the likely cause is."""
    return _open_stream(source) if is_stream(source) else _open_camera(source, wanted)


def _open_stream(address: str) -> cv2.VideoCapture:
    # Decoding on several threads holds back a frame for each of them.
    options = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, TIMEOUT_MS]
    capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, [*options, cv2.CAP_PROP_N_THREADS, 1])
    if capture.isOpened():
        return capture
    capture.release()
    raise SourceError(
        f"cannot open stream {address}: no answer as video within {TIMEOUT_MS / 1000:g} s; "
        "is the address right, the sender running, and its user name and password in the address?"
    )


def _open_camera(source: str, wanted: CameraSettings) -> cv2.VideoCapture:
    if source.isdecimal() and int(source) > MOST_CAMERAS:
        raise SourceError(f"no camera has the number {source} (see --list-cameras)")
    backends = USUAL.get(sys.platform, ("any",)) if wanted.backend == "auto" else (wanted.backend,)
    for backend in backends:
        capture = cv2.VideoCapture(int(source) if source.isdecimal() else source, BACKENDS[backend])
        if capture.isOpened():
            _ask(capture, wanted)
            return capture
        capture.release()
    tried = " and ".join(backends)
    raise SourceError(f"cannot open camera {source} (tried {tried}): {why_closed(source, sys.platform)}")


def _ask(capture: cv2.VideoCapture, wanted: CameraSettings) -> None:
    """Set format, then size, then rate: USB cameras give large pictures at full rate only as MJPG."""
    if wanted.size is not None:
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, wanted.size[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, wanted.size[1])
    if wanted.fps is not None:
        capture.set(cv2.CAP_PROP_FPS, wanted.fps)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)


def why_closed(source: str, platform: str) -> str:
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


def list_cameras(most: int = 8) -> list[str]:
    """Describe each camera in a line: its number, name, and the size it gives or why it gives none."""
    if sys.platform.startswith("linux"):
        sources = [(device.name.removeprefix("video"), _name(device)) for device in camera_devices()]
    else:
        sources = [(str(index), "") for index in range(most)]
    lines = []
    for source, name in sources:
        try:
            capture = open_live(source, CameraSettings())
        except SourceError as error:
            if name:  # elsewhere than on Linux a number that does not open is mostly no camera
                lines.append(f"{source}  {name}: {str(error).partition(': ')[2]}")
            continue
        width, height = (round(capture.get(p)) for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        lines.append(f"{source}  {name or 'camera'}: {width}x{height} at {capture.get(cv2.CAP_PROP_FPS):g} fps")
        capture.release()
    return lines


def _name(device: Path) -> str:
    """Return what the system calls a video device."""
    try:
        return (NAMES / device.name / "name").read_text(encoding="utf-8").strip()
    except OSError:
        return str(device)
