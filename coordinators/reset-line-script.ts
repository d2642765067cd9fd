/**
 * Runs on the node, with nothing but Python's standard library (a shell cannot set these lines one by one): resets a stick by
 * the modem lines of its serial adapter and says what came of it as one line of JSON. Argument: the port's device.
 *
 * On the Sonoff ZBDongle-P two transistors make the chip's pins of DTR and RTS: both set or both clear lets it run, DTR alone
 * resets it, RTS alone asks for the bootloader (the table in cc2538-bsl's pull request 114). So DTR stays set throughout and
 * only RTS moves: the bootloader's combination is never passed. Ended half-way, the port's last close clears both (HUPCL), and
 * the chip runs.
 */
export const RESET_LINE_SCRIPT = `
import errno, fcntl, json, os, signal, struct, sys, termios, time

RUN = termios.TIOCM_DTR | termios.TIOCM_RTS
RESET = termios.TIOCM_DTR
SETTLE_S = 0.1
HOLD_S = 0.2


class Outcome(Exception):
    pass


def open_port(path):
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
        settings = termios.tcgetattr(fd)
        settings[2] |= termios.HUPCL | termios.CLOCAL
        settings[2] &= ~termios.CRTSCTS
        termios.tcsetattr(fd, termios.TCSANOW, settings)
    except termios.error:
        raise Outcome("no-lines")
    return fd


def set_lines(fd, lines):
    try:
        fcntl.ioctl(fd, termios.TIOCMSET, struct.pack("I", lines))
    except OSError as error:
        raise Outcome("gone" if error.errno in (errno.EIO, errno.ENODEV) else "no-lines")


def main():
    fd = open_port(sys.argv[1])
    set_lines(fd, RUN)
    time.sleep(SETTLE_S)
    try:
        set_lines(fd, RESET)
        time.sleep(HOLD_S)
    finally:
        set_lines(fd, RUN)
    return "done"


signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
try:
    result = main()
except Outcome as outcome:
    result = str(outcome)
print(json.dumps({"outcome": result}))
`;
