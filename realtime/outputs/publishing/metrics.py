"""Show the numbers of a live source at `/metrics`, for Prometheus to fetch, by prometheus-client."""

from contextlib import suppress

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from realtime.outputs.sink import OutputError, Sink
from realtime.reading.expectation import value_of
from realtime.tracking.tracked_frame import TrackedFrame


class Metrics(Sink):
    """Serve the values of settled numbers and counts of frames and events at http://HOST:PORT/metrics.

    Raises OutputError where the port cannot be had.
    """

    def __init__(self, host: str, port: int) -> None:
        self._registry = CollectorRegistry()
        self._frames = Counter("livedigits_frames", "Frames read", registry=self._registry)
        self._events = Counter(
            "livedigits_events", "Numbers that settled, changed, went", ["event"], registry=self._registry
        )
        self._value = self._gauge("livedigits_value", "Value of a number that has settled")
        self._confidence = self._gauge("livedigits_confidence", "Confidence of its least sure digit")
        self._latency = Gauge("livedigits_latency_seconds", "What reading the last frame took", registry=self._registry)
        self._shown: dict[tuple[str, int], tuple[str, ...]] = {}
        try:
            self._server, self._thread = start_http_server(port, host, self._registry)
        except OSError as error:
            raise OutputError(f"cannot serve metrics at {host}:{port}: {error.strerror or error}") from None

    def take(self, tracked: TrackedFrame) -> None:
        """Count the frame, and take up what settled, changed or went with it."""
        self._frames.inc()
        self._latency.set(tracked.latency_ms / 1000)
        for event in tracked.events:
            self._events.labels(event.kind).inc()
            if event.kind == "held":
                continue
            number = tracked.frame.source, event.id
            old = self._shown.pop(number, None)
            if old is not None:
                for gauge in (self._value, self._confidence):
                    with suppress(KeyError):
                        gauge.remove(*old)
            value = value_of(event.text)
            if event.kind != "gone" and value is not None:
                labels = tracked.frame.source, event.region, str(event.row), str(event.id)
                self._shown[number] = labels
                self._value.labels(*labels).set(float(value))
                self._confidence.labels(*labels).set(event.confidence)

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(name, meaning, ["source", "region", "row", "id"], registry=self._registry)
