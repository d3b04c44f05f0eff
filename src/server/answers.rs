//! The answers under way on one HTTP connection, and who is waited for: the client to ask, the client to take, or we.
//!
//! A client of HTTP/2 may read all that is sent and still let no answer through, or ask nothing for ever; so each body tells
//! when something of it is given, and when it is asked for more. Of HTTP/1.1 hyper bounds the wait for the next request, and
//! the kernel that for an answer to be taken, more exactly: a slow client keeps much there that no body hears of.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use hyper::Version;
use hyper::body::{Body, Frame, SizeHint};

/// The answers under way on one connection.
#[derive(Debug)]
pub struct Answers(Mutex<State>);

#[derive(Debug)]
struct State {
    /// By number, since when something of it waits to be taken; nothing where it waits for us.
    under_way: HashMap<u64, Option<Instant>>,
    /// How many there have been.
    begun: u64,
    is_http_2: bool,
    /// Since when there is none.
    quiet: Instant,
}

/// Who a connection waits for, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    /// For its first request.
    First(Instant),
    /// For another request.
    Next(Instant),
    /// For the client to take something of an answer.
    Taking(Instant),
    /// For us, or for what others see to.
    ForOthers,
}

impl Answers {
    /// Of a connection that begins.
    pub fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            under_way: HashMap::new(),
            begun: 0,
            is_http_2: false,
            quiet: Instant::now(),
        })))
    }

    /// One more, of a request of this version that has just come.
    pub fn begin(self: &Arc<Self>, version: Version) -> Answer {
        let mut state = self.state();
        state.begun += 1;
        state.is_http_2 = version == Version::HTTP_2;
        let number = state.begun;
        state.under_way.insert(number, None);
        Answer {
            answers: self.clone(),
            number,
        }
    }

    /// Who is waited for now. Of several answers the one that has waited longest for its client counts.
    pub fn waits(&self) -> Waits {
        let state = self.state();
        if state.begun == 0 {
            return Waits::First(state.quiet);
        }
        if !state.is_http_2 {
            return Waits::ForOthers;
        }
        match state.under_way.values().flatten().min() {
            Some(since) => Waits::Taking(*since),
            None if state.under_way.is_empty() => Waits::Next(state.quiet),
            None => Waits::ForOthers,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer under way, until it is dropped.
#[derive(Debug)]
pub struct Answer {
    answers: Arc<Answers>,
    number: u64,
}

impl Answer {
    /// With its body, of which the client may take.
    pub fn give<B>(self, body: B) -> Given<B> {
        self.waits(true);
        Given { body, answer: self }
    }

    /// Notes whether it waits for its client from now on.
    fn waits(&self, for_client: bool) {
        let since = for_client.then(Instant::now);
        self.answers.state().under_way.insert(self.number, since);
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        let mut state = self.answers.state();
        state.under_way.remove(&self.number);
        state.quiet = Instant::now();
    }
}

/// A body that tells how its answer gets on.
#[derive(Debug)]
pub struct Given<B> {
    body: B,
    answer: Answer,
}

impl<B: Body + Unpin> Body for Given<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        // Whoever asks for more has taken what was there.
        self.answer.waits(polled.is_ready());
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body that has a frame when it is told so.
    struct Slow(bool);

    impl Body for Slow {
        type Data = &'static [u8];
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
            match self.0 {
                true => Poll::Ready(Some(Ok(Frame::data(b"x")))),
                false => Poll::Pending,
            }
        }
    }

    #[test]
    fn who_is_waited_for_follows_the_answers() {
        let answers = Answers::new();
        assert!(matches!(answers.waits(), Waits::First(_)));
        let one = answers.begin(Version::HTTP_2);
        let other = answers.begin(Version::HTTP_2);
        assert_eq!(answers.waits(), Waits::ForOthers);
        let mut given = one.give(Slow(false));
        let Waits::Taking(since) = answers.waits() else {
            panic!("{answers:?}");
        };
        let poll = |given: &mut Given<Slow>| {
            let mut context = Context::from_waker(std::task::Waker::noop());
            Pin::new(given).poll_frame(&mut context).is_ready()
        };
        assert!(!poll(&mut given));
        assert_eq!(answers.waits(), Waits::ForOthers);
        given.body.0 = true;
        assert!(poll(&mut given));
        assert!(matches!(answers.waits(), Waits::Taking(later) if later > since));
        drop(given);
        assert_eq!(answers.waits(), Waits::ForOthers);
        drop(other);
        assert!(matches!(answers.waits(), Waits::Next(_)));
        let _given = answers.begin(Version::HTTP_11).give(Slow(true));
        assert_eq!(answers.waits(), Waits::ForOthers);
    }
}
