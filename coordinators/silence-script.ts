/**
 * Runs on the node, with nothing but Python's standard library: stops a Z-Stack coordinator's radio by a soft reset and says
 * what it saw as one line of JSON. Arguments: port (a device or `tcp://host:port`), seconds to wait for each answer.
 *
 * Protocol: TI's Z-Stack Monitor and Test API. A frame is FE, length, two command bytes, data, and the XOR of all but FE.
 * Nothing here starts the stack, and the modem lines stay as the driver sets them: on a Sonoff Dongle-P a wrong
 * combination of DTR and RTS enters the bootloader.
 */
export const SILENCE_SCRIPT = `
import errno, fcntl, json, os, select, socket, sys, termios, time

SOFT_RESET = bytes((0xFE, 0x01, 0x41, 0x00, 0x01, 0x41))
RESET_SEEN = (0x41, 0x80)
GET_DEVICE_INFO = bytes((0xFE, 0x00, 0x27, 0x00, 0x27))
DEVICE_INFO = (0x67, 0x00)
DEVICE_STATE = 12


class Outcome(Exception):
    pass


def open_network(address):
    host, _, port = address.rpartition(":")
    try:
        connection = socket.create_connection((host.strip("[]"), int(port)), timeout=5)
    except (OSError, ValueError):
        raise Outcome("missing")
    connection.setblocking(False)
    return connection


def open_serial(path):
    try:
        fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as error:
        reasons = {errno.EACCES: "denied", errno.EPERM: "denied", errno.EBUSY: "busy"}
        raise Outcome(reasons.get(error.errno, "missing"))
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Outcome("busy")
    try:
        control = termios.tcgetattr(fd)[6]
        control[termios.VMIN] = 0
        control[termios.VTIME] = 0
        # Raw, 8N1, no flow control; without HUPCL the modem lines do not change when the port is closed.
        flags = termios.CS8 | termios.CREAD | termios.CLOCAL
        termios.tcsetattr(fd, termios.TCSANOW, [0, 0, flags, 0, termios.B115200, termios.B115200, control])
        termios.tcflush(fd, termios.TCIOFLUSH)
    except termios.error:
        raise Outcome("missing")
    return os.fdopen(fd, "r+b", buffering=0)


class Link:
    def __init__(self, port):
        self.stream = port
        self.fd = port.fileno()
        self.buffer = bytearray()

    def send(self, data):
        deadline = time.monotonic() + 2
        while data and time.monotonic() < deadline:
            if select.select([], [self.fd], [], 0.2)[1]:
                data = data[self.call(os.write, data):]

    def call(self, function, argument):
        try:
            return function(self.fd, argument)
        except BlockingIOError:
            return 0 if function is os.write else None
        except OSError:
            raise Outcome("gone")

    def wait_for(self, command, seconds):
        deadline = time.monotonic() + seconds
        while True:
            for found, data in self.take_frames():
                if found == command:
                    return data
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            if select.select([self.fd], [], [], left)[0]:
                received = self.call(os.read, 4096)
                if received == b"":
                    raise Outcome("gone")
                self.buffer += received or b""

    def take_frames(self):
        while True:
            start = self.buffer.find(b"\\xfe")
            if start < 0:
                self.buffer.clear()
                return
            del self.buffer[:start]
            if len(self.buffer) < 5 or len(self.buffer) < self.buffer[1] + 5:
                return
            end = self.buffer[1] + 5
            check = 0
            for byte in self.buffer[1:end - 1]:
                check ^= byte
            if check != self.buffer[end - 1]:
                del self.buffer[:1]
                continue
            frame = bytes(self.buffer[:end])
            del self.buffer[:end]
            yield (frame[2], frame[3]), frame[4:-1]


def reset(link, seconds):
    for attempt in range(3):
        if attempt:
            # The last owner may have been killed in the middle of a frame: fill that up, so that ours is seen as one.
            link.send(bytes(256))
        link.buffer.clear()
        link.send(SOFT_RESET)
        if link.wait_for(RESET_SEEN, seconds) is not None:
            return True
    return False


def device_state(link, seconds):
    for _ in range(3):
        link.send(GET_DEVICE_INFO)
        data = link.wait_for(DEVICE_INFO, seconds)
        if data is not None and len(data) > DEVICE_STATE:
            return data[DEVICE_STATE]
    return None


def main():
    port, seconds = sys.argv[1], float(sys.argv[2])
    link = Link(open_network(port[6:]) if port.startswith("tcp://") else open_serial(port))
    seen = reset(link, seconds)
    state = device_state(link, min(seconds, 2))
    if state is None:
        return {"outcome": "no-answer"}
    return {"outcome": "answered", "resetSeen": seen, "deviceState": state}


try:
    result = main()
except Outcome as outcome:
    result = {"outcome": str(outcome)}
print(json.dumps(result))
`;
