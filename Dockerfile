# The app for a team: see docs/hosting.md. Built by `docker build -t commit-planner .`; nothing in here is secret.
FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv /opt/planner
COPY requirements.txt ./
RUN /opt/planner/bin/pip install --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE app.py ./
COPY .streamlit/config.toml ./.streamlit/
COPY data ./data
COPY planner ./planner
RUN /opt/planner/bin/pip install --no-deps .

FROM python:3.13-slim
RUN useradd --uid 10001 --create-home --home-dir /home/planner --shell /usr/sbin/nologin planner \
    && install -d -o planner -g planner -m 0700 /var/lib/planner
COPY --from=build /opt/planner /opt/planner
ENV PATH=/opt/planner/bin:$PATH PYTHONDONTWRITEBYTECODE=1 \
    PLANNER_HOST=0.0.0.0 PLANNER_PORT=8501 PLANNER_USERS=/var/lib/planner/users
USER 10001
WORKDIR /home/planner
VOLUME /var/lib/planner
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request as web; at = [os.environ['PLANNER_PORT'], os.environ.get('PLANNER_BASE_PATH', '').strip('/'), '_stcore/health']; web.build_opener(web.ProxyHandler({})).open('http://127.0.0.1:' + '/'.join(filter(None, at)), timeout=4)"]
ENTRYPOINT ["planner", "app"]
