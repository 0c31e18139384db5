//! Programs of host calls.

/// Names and values, as the contract has them.
pub type Metadata = Vec<(String, Vec<u8>)>;

/// Answers the calls of a program: the host, or a model of it.
pub trait Calls {
    /// Immutable bytes.
    type Buffer;
    /// Bytes that are being put together.
    type Writer;
    /// A payload.
    type Payload;

    /// `buffer.constructor`
    fn buffer(&self, contents: &[u8]) -> Self::Buffer;
    /// `buffer.length`
    fn length(&self, buffer: &Self::Buffer) -> u64;
    /// `buffer.read`
    fn read(&self, buffer: &Self::Buffer, offset: u64, count: u32) -> Vec<u8>;
    /// `buffer.slice`
    fn slice(&self, buffer: &Self::Buffer, offset: u64, count: u64) -> Self::Buffer;
    /// `buffer.sha256`
    fn sha256(&self, buffer: &Self::Buffer) -> Vec<u8>;
    /// `writer.constructor`
    fn writer(&self) -> Self::Writer;
    /// `writer.write`
    fn write(&self, writer: &mut Self::Writer, contents: &[u8]);
    /// `writer.append`
    fn append(&self, writer: &mut Self::Writer, contents: &Self::Buffer);
    /// `writer.finish`
    fn finish(&self, writer: Self::Writer) -> Self::Buffer;
    /// `payload.constructor`
    fn payload(&self, metadata: &Metadata, data: &Self::Buffer) -> Self::Payload;
    /// `payload.from-envelope`
    fn parse_envelope(&self, envelope: &Self::Buffer) -> Option<Self::Payload>;
    /// `payload.envelope`
    fn envelope(&self, payload: &Self::Payload) -> Self::Buffer;
    /// `payload.data`
    fn data(&self, payload: &Self::Payload) -> Self::Buffer;
    /// `payload.metadata`
    fn metadata(&self, payload: &Self::Payload) -> Metadata;
    /// `payload.get`
    fn get(&self, payload: &Self::Payload, name: &str) -> Option<Vec<u8>>;
    /// `keys.seal-repeatably`
    fn seal(&self, plaintext: &Self::Buffer, associated: &[u8]) -> Self::Buffer;
    /// `keys.open`
    fn open(&self, sealed: &Self::Buffer, associated: &[u8]) -> Option<Self::Buffer>;
}

/// Number of values of each kind that a program may have at once.
const PLACES: usize = 8;

/// Nothing is made longer than this.
const LONGEST: u64 = 1 << 20;

/// The most bytes of the answer.
const ANSWER: usize = 1 << 16;

/// Names of metadata entries.
const NAMES: [&str; 4] = ["encoding", "a", "b", ""];

/// Runs a program. `buffers` are there from the start. Returns what the calls returned.
pub fn run<C: Calls>(calls: &C, program: &[u8], buffers: Vec<C::Buffer>) -> Vec<u8> {
    let mut machine = Machine {
        calls,
        program: program.iter(),
        buffers,
        writers: Vec::new(),
        payloads: Vec::new(),
        answer: Vec::new(),
    };
    while machine.answer.len() < ANSWER {
        let Some(operation) = machine.program.next() else {
            break;
        };
        let done = machine.step(*operation);
        machine.answer.push(u8::from(done.is_some()));
    }
    machine.answer.truncate(ANSWER);
    machine.answer
}

struct Machine<'a, C: Calls> {
    calls: &'a C,
    program: std::slice::Iter<'a, u8>,
    buffers: Vec<C::Buffer>,
    writers: Vec<C::Writer>,
    payloads: Vec<C::Payload>,
    answer: Vec<u8>,
}

impl<C: Calls> Machine<'_, C> {
    fn byte(&mut self) -> u8 {
        self.program.next().copied().unwrap_or_default()
    }

    /// A number that is small, or at the end of what there is.
    fn number(&mut self) -> u64 {
        match self.byte() {
            255 => u64::MAX,
            254 => u64::from(u32::MAX),
            253 => 1 << 16,
            number => u64::from(number) * u64::from(number),
        }
    }

    /// `None` if what the operation needs is not there.
    fn step(&mut self, operation: u8) -> Option<()> {
        match operation % 20 {
            0 => self.write_new(),
            1 => self.tell_length(),
            2 => self.tell_bytes(),
            3 => self.cut(),
            4 => self.tell_digest(),
            5 => self.open_writer(),
            6 => self.write_bytes(),
            7 => self.append(),
            8 => self.finish(),
            9 => self.build(),
            10 => self.parse(),
            11 => self.envelope(),
            12 => self.data(),
            13 => self.tell_metadata(),
            14 => self.tell_entry(),
            15 => self.seal(),
            16 => self.open(),
            17 => self.forget_buffer(),
            18 => self.forget_writer(),
            _ => self.forget_payload(),
        }
    }

    fn buffer(&mut self) -> Option<usize> {
        let at = usize::from(self.byte());
        at.checked_rem(self.buffers.len())
    }

    fn writer(&mut self) -> Option<usize> {
        let at = usize::from(self.byte());
        at.checked_rem(self.writers.len())
    }

    fn payload(&mut self) -> Option<usize> {
        let at = usize::from(self.byte());
        at.checked_rem(self.payloads.len())
    }

    fn keep(&mut self, buffer: C::Buffer) {
        self.buffers.insert(0, buffer);
        self.buffers.truncate(PLACES);
    }

    fn keep_payload(&mut self, payload: C::Payload) {
        self.payloads.insert(0, payload);
        self.payloads.truncate(PLACES);
    }

    fn contents(&mut self) -> Vec<u8> {
        let (byte, count) = (self.byte(), self.number().min(1 << 16));
        vec![byte; count as usize]
    }

    fn write_new(&mut self) -> Option<()> {
        let contents = self.contents();
        self.keep(self.calls.buffer(&contents));
        Some(())
    }

    fn tell_length(&mut self) -> Option<()> {
        let at = self.buffer()?;
        let length = self.calls.length(self.buffers.get(at)?);
        self.answer.extend(length.to_le_bytes());
        Some(())
    }

    fn tell_bytes(&mut self) -> Option<()> {
        let (at, offset, count) = (self.buffer()?, self.number(), self.number());
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let bytes = self.calls.read(self.buffers.get(at)?, offset, count);
        self.answer.extend((bytes.len() as u64).to_le_bytes());
        self.answer.extend(bytes);
        Some(())
    }

    fn cut(&mut self) -> Option<()> {
        let (at, offset, count) = (self.buffer()?, self.number(), self.number());
        let cut = self.calls.slice(self.buffers.get(at)?, offset, count);
        self.keep(cut);
        Some(())
    }

    fn tell_digest(&mut self) -> Option<()> {
        let at = self.buffer()?;
        let digest = self.calls.sha256(self.buffers.get(at)?);
        self.answer.extend(digest);
        Some(())
    }

    fn open_writer(&mut self) -> Option<()> {
        self.writers.insert(0, self.calls.writer());
        self.writers.truncate(PLACES);
        Some(())
    }

    fn write_bytes(&mut self) -> Option<()> {
        let at = self.writer()?;
        let contents = self.contents();
        self.calls.write(self.writers.get_mut(at)?, &contents);
        Some(())
    }

    fn append(&mut self) -> Option<()> {
        let (writer, buffer) = (self.writer()?, self.buffer()?);
        let buffer = self.buffers.get(buffer)?;
        if self.calls.length(buffer) > LONGEST {
            return None;
        }
        self.calls.append(self.writers.get_mut(writer)?, buffer);
        Some(())
    }

    fn finish(&mut self) -> Option<()> {
        let at = self.writer()?;
        let writer = self.writers.remove(at);
        self.keep(self.calls.finish(writer));
        Some(())
    }

    fn build(&mut self) -> Option<()> {
        let at = self.buffer()?;
        let entries = self.byte();
        let mut metadata = Metadata::new();
        for (index, name) in NAMES.iter().enumerate() {
            if entries >> index & 1 == 1 {
                metadata.push(((*name).to_owned(), self.contents()));
            }
        }
        let payload = self.calls.payload(&metadata, self.buffers.get(at)?);
        self.keep_payload(payload);
        Some(())
    }

    fn parse(&mut self) -> Option<()> {
        let at = self.buffer()?;
        let payload = self.calls.parse_envelope(self.buffers.get(at)?)?;
        self.keep_payload(payload);
        Some(())
    }

    fn envelope(&mut self) -> Option<()> {
        let at = self.payload()?;
        let envelope = self.calls.envelope(self.payloads.get(at)?);
        self.keep(envelope);
        Some(())
    }

    fn data(&mut self) -> Option<()> {
        let at = self.payload()?;
        let data = self.calls.data(self.payloads.get(at)?);
        self.keep(data);
        Some(())
    }

    fn tell_metadata(&mut self) -> Option<()> {
        let at = self.payload()?;
        for (name, value) in self.calls.metadata(self.payloads.get(at)?) {
            self.answer.extend(name.into_bytes());
            self.answer.extend((value.len() as u64).to_le_bytes());
        }
        Some(())
    }

    fn tell_entry(&mut self) -> Option<()> {
        let at = self.payload()?;
        let name = NAMES.get(usize::from(self.byte()) % NAMES.len())?;
        let value = self.calls.get(self.payloads.get(at)?, name)?;
        self.answer.extend(value);
        Some(())
    }

    fn seal(&mut self) -> Option<()> {
        let (at, associated) = (self.buffer()?, [self.byte()]);
        let buffer = self.buffers.get(at)?;
        if self.calls.length(buffer) > LONGEST {
            return None;
        }
        let sealed = self.calls.seal(buffer, &associated);
        self.keep(sealed);
        Some(())
    }

    fn open(&mut self) -> Option<()> {
        let (at, associated) = (self.buffer()?, [self.byte()]);
        let opened = self.calls.open(self.buffers.get(at)?, &associated)?;
        self.keep(opened);
        Some(())
    }

    fn forget_buffer(&mut self) -> Option<()> {
        let at = self.buffer()?;
        self.buffers.remove(at);
        Some(())
    }

    fn forget_writer(&mut self) -> Option<()> {
        let at = self.writer()?;
        self.writers.remove(at);
        Some(())
    }

    fn forget_payload(&mut self) -> Option<()> {
        let at = self.payload()?;
        self.payloads.remove(at);
        Some(())
    }
}
