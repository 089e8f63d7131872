# Reads on the CPU. For CUDA: docker build --build-arg EXTRAS=files,publish,cuda -t livedigits:cuda .
#
#   docker build -t livedigits .
#   docker run --rm -v "$PWD:/data" livedigits recognize-image photo.jpg
#   docker run --rm --device /dev/video0 --group-add video livedigits recognize-camera --no-show --json -
#   docker run --rm --gpus all -v "$PWD:/data" livedigits:cuda recognize-video clip.mp4 --device cuda

FROM python:3.12-slim AS build
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12-slim
ARG EXTRAS=files,publish
# What the wheel of OpenCV takes from the system.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 libx11-6 libxcb1 \
    && rm -rf /var/lib/apt/lists/*
COPY constraints.txt /tmp/
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --constraint /tmp/constraints.txt "$(ls /wheels/*.whl)[${EXTRAS}]" \
    && recognize-image --version
RUN useradd --create-home --uid 1000 reader
USER reader
WORKDIR /data
# The driver of the machine shows itself to containers that ask so; nothing without one.
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
CMD ["recognize-image", "--help"]
