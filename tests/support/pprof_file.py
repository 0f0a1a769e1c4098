"""Reads a gzipped pprof profile as strictly as the format's users do: every reference resolves."""
import gzip


def fields(data):
    """(number, value) of a message: int of a varint, bytes of a length-delimited one."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        elif key & 7 == 2:
            size = varint()
            if at + size > len(data):
                raise ValueError("cut short")
            yield key >> 3, data[at:at + size]
            at += size
        else:
            raise ValueError(f"wire type {key & 7}")


def packed(values):
    """Of a repeated integer field, packed or not."""
    numbers = []
    for value in values:
        if isinstance(value, int):
            numbers.append(value - (1 << 64) if value >> 63 else value)
            continue
        shift = number = 0
        for byte in value:
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                numbers.append(number - (1 << 64) if number >> 63 else number)
                shift = number = 0
    return numbers


class Message(dict):
    """{field number: [values]}"""

    def __init__(self, data):
        super().__init__()
        for number, value in fields(data):
            self.setdefault(number, []).append(value)

    def all(self, number):
        return self.get(number, [])

    def one(self, number, default=0):
        return self[number][-1] if number in self else default


class Profile:
    """types: ["tasks/count"]; samples: [(functions, leaf first, {label: text or number}, values)]"""

    def __init__(self, data):
        if data[:2] != b"\x1f\x8b":
            raise ValueError("not gzipped")
        message = Message(gzip.decompress(data))
        strings = [text.decode() for text in message.all(6)]
        if strings[:1] != [""]:
            raise ValueError("the first string is not empty")

        def value_type(value):
            value = Message(value)
            return f"{strings[value.one(1)]}/{strings[value.one(2)]}"

        self.types = [value_type(value) for value in message.all(1)]
        self.time_ns, self.duration_ns = message.one(9), message.one(10)
        self.period_type = value_type(message.one(11)) if 11 in message else ""
        functions = {Message(f).one(1): strings[Message(f).one(2)] for f in message.all(5)}
        locations = {}
        for location in map(Message, message.all(4)):
            locations[location.one(1)] = [functions[Message(line).one(1)]
                                          for line in location.all(4)]
        if 0 in functions or 0 in locations:
            raise ValueError("an id is zero")
        self.samples = []
        for sample in map(Message, message.all(2)):
            stack = [name for id_ in packed(sample.all(1)) for name in locations[id_]]
            labels = {}
            for label in map(Message, sample.all(3)):
                labels[strings[label.one(1)]] = strings[label.one(2)] or label.one(3)
            values = packed(sample.all(2))
            if len(values) != len(self.types):
                raise ValueError(f"{len(values)} values of {self.types}")
            self.samples.append((stack, labels, values))

    def sum(self, type_, function="", **labelled):
        """Of one type's values, over the samples with that function in their stack and those labels."""
        index = self.types.index(type_)
        return sum(values[index] for stack, labels, values in self.samples
                   if (not function or any(function in name for name in stack)) and
                   labelled.items() <= labels.items())
