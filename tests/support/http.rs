//! HTTP as the tests speak it: one connection kept open, the whole answer taken apart, nothing forgiven.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// A connection to one address; opened again when the server has closed it.
pub struct Http {
    address: String,
    stream: Option<BufReader<TcpStream>>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    /// Names in lower case, in the order sent.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}: {}", self.status, self.text()))
    }
}

impl Http {
    pub fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            stream: None,
        }
    }

    /// `GET` of a path with its query.
    pub fn get(&mut self, path: &str) -> Reply {
        self.send("GET", path, &[], b"")
    }

    /// Any request. A connection that the server has closed meanwhile is opened again, once.
    pub fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.address);
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() || method != "GET" {
            request.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        let bytes = [request.as_bytes(), body].concat();
        let kept = self.stream.is_some();
        match self.exchange(&bytes) {
            Some(reply) => reply,
            None if kept => self.exchange(&bytes).expect("an answer"),
            None => panic!("no answer to {method} {path}"),
        }
    }

    fn exchange(&mut self, request: &[u8]) -> Option<Reply> {
        let mut stream = self.stream.take().unwrap_or_else(|| {
            let stream = TcpStream::connect(&self.address).unwrap();
            stream.set_nodelay(true).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            BufReader::new(stream)
        });
        stream.get_mut().write_all(request).ok()?;
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let status = line.split(' ').nth(1)?.parse().unwrap();
        let mut reply = Reply {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        };
        loop {
            line.clear();
            stream.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            reply.headers.push((name.to_lowercase(), value.trim().to_owned()));
        }
        if reply.header("transfer-encoding") == "chunked" {
            read_chunks(&mut stream, &mut reply.body);
        } else {
            let length = reply.header("content-length").parse().unwrap_or(0);
            reply.body.resize(length, 0);
            stream.read_exact(&mut reply.body).unwrap();
        }
        if reply.header("connection") != "close" {
            self.stream = Some(stream);
        }
        Some(reply)
    }
}

fn read_chunks(stream: &mut BufReader<TcpStream>, body: &mut Vec<u8>) {
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        let length = usize::from_str_radix(line.trim_end(), 16).unwrap();
        let start = body.len();
        body.resize(start + length, 0);
        stream.read_exact(&mut body[start..]).unwrap();
        stream.read_exact(&mut [0; 2]).unwrap();
        if length == 0 {
            return;
        }
    }
}

/// Percent-encodes all but letters and digits.
pub fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte);
    text.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// A holder of a key, at one node; without a key, anybody.
pub struct Caller {
    pub http: Http,
    pub key: String,
}

impl Caller {
    pub fn new(address: &str, key: &str) -> Self {
        Self {
            http: Http::new(address),
            key: key.trim().to_owned(),
        }
    }

    /// A request with the key, and a JSON body where it is not null.
    pub fn call(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
        let mut all = headers.to_vec();
        if !self.key.is_empty() {
            all.push(("esante-api-key", self.key.as_str()));
        }
        let mut text = String::new();
        if !body.is_null() {
            all.push(("content-type", "application/json"));
            text = body.to_string();
        }
        self.http.send(method, path, &all, text.as_bytes())
    }

    pub fn get(&mut self, path: &str) -> Reply {
        self.call("GET", path, &[], &Value::Null)
    }

    pub fn put(&mut self, address: &str, body: &Value) -> Reply {
        self.call("PUT", &own(address), &[], body)
    }

    pub fn patch(&mut self, address: &str, body: &Value) -> Reply {
        self.call("PATCH", &own(address), &[], body)
    }

    pub fn delete(&mut self, address: &str) -> Reply {
        self.call("DELETE", &own(address), &[], &Value::Null)
    }

    /// Sends a file of boxes.
    pub fn lot(&mut self, file: &str) -> Reply {
        let mut headers = vec![("content-type", "text/csv")];
        if !self.key.is_empty() {
            headers.push(("esante-api-key", self.key.as_str()));
        }
        self.http
            .send("POST", "/api/v1/operateur/lots", &headers, file.as_bytes())
    }
}

/// The operator's path of a box.
pub fn own(address: &str) -> String {
    format!("/api/v1/operateur/messageries/{}", encoded(address))
}
