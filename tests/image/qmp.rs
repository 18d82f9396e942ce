//! QEMU's monitor: one command after another over a socket, and the events in between.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long QEMU may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection to the monitor (QEMU Machine Protocol).
pub struct Qmp {
    socket: UnixStream,
    lines: BufReader<UnixStream>,
    events: VecDeque<Value>,
}

impl Qmp {
    /// Connects to a QEMU that is being started.
    pub fn connect(path: &Path) -> Self {
        let start = Instant::now();
        let socket = loop {
            match UnixStream::connect(path) {
                Ok(socket) => break socket,
                Err(error) => assert!(start.elapsed() < PATIENCE, "QEMU does not listen: {error}"),
            }
            thread::sleep(Duration::from_millis(20));
        };
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let lines = BufReader::new(socket.try_clone().unwrap());
        let mut qmp = Self { socket, lines, events: VecDeque::new() };
        let greeting = qmp.line();
        assert!(greeting.get("QMP").is_some(), "no greeting: {greeting}");
        qmp.run("qmp_capabilities", &json!({}));
        qmp
    }

    /// Runs a command that must succeed; what it returns.
    pub fn run(&mut self, command: &str, arguments: &Value) -> Value {
        self.try_run(command, arguments).unwrap_or_else(|error| panic!("{command} {arguments}: {error}"))
    }

    /// Runs a command; what it returns, or its error.
    pub fn try_run(&mut self, command: &str, arguments: &Value) -> Result<Value, String> {
        let mut line = json!({ "execute": command, "arguments": arguments }).to_string();
        line.push('\n');
        self.socket.write_all(line.as_bytes()).map_err(|error| error.to_string())?;
        loop {
            let mut answer = self.line();
            if let Some(error) = answer.get("error") {
                return Err(error["desc"].as_str().unwrap_or_default().to_owned());
            }
            if let Some(value) = answer.get_mut("return") {
                return Ok(value.take());
            }
            self.events.push_back(answer);
        }
    }

    /// Waits for an event of this name about a device, where one is named.
    pub fn event(&mut self, name: &str, device: Option<&str>) -> Value {
        let wanted = |event: &Value| event["event"] == name && device.is_none_or(|id| event["data"]["device"] == id);
        if let Some(place) = self.events.iter().position(wanted) {
            return self.events.remove(place).unwrap();
        }
        loop {
            let event = self.line();
            if wanted(&event) {
                return event;
            }
            self.events.push_back(event);
        }
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        let count = self.lines.read_line(&mut line).expect("QEMU's answer");
        assert!(count > 0, "QEMU has ended");
        serde_json::from_str(&line).expect("JSON")
    }
}
