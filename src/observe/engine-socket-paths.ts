/** Where Docker's API listens unless DOCKER_HOST or a flag names another socket (dockerd(8)). */
export const DOCKER_SOCKET = '/var/run/docker.sock';
/** Where the API of a podman that runs as root listens (podman-system-service(1)). */
export const PODMAN_SOCKET = '/run/podman/podman.sock';
