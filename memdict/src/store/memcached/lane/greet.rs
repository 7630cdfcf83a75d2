//! How a lane greets a new connection, or makes another one to greet it with more care.

use super::{Lane, Stage};
use crate::store::memcached::{
    connection::Connection,
    handshake::{Failed, Handshake},
    inbox::Inbox,
    interest::Interest,
    pool::Permit,
    proto::{greeting::Greeting, window::Window},
    wire::Wire,
    work::Work,
};

impl<'s, 'a> Lane<'s, 'a> {
    /// Begins to greet a server that was reached.
    pub(in crate::store::memcached) fn begin_greeting(
        &mut self,
        wire: Wire,
        permit: Permit<'s>,
        work: &mut dyn Work<'a>,
    ) {
        let admitted = &self.server.admitted;
        let socket = match admitted.socket(wire) {
            Ok(socket) => socket,
            Err(why) => return self.not_reached(permit, &why, work),
        };
        let mut window = Window::default();
        let manner = self.manner.unwrap_or_else(|| self.server.manners.get());
        let greeting = Greeting::begin(manner, admitted.credentials.as_ref(), &mut window);
        let inbox = Inbox::default();
        self.be_patient(self.timeouts.exchange);
        let handshake = Box::new(Handshake { socket, greeting, window, inbox });
        let ready = Interest { to_send: true, to_receive: false };
        self.go_greeting(handshake, permit, ready, work);
    }

    pub(super) fn go_greeting(
        &mut self,
        mut handshake: Box<Handshake>,
        mut permit: Permit<'s>,
        ready: Interest,
        work: &mut dyn Work<'a>,
    ) {
        match handshake.go(ready, self.call) {
            Ok(None) => self.stage = Stage::Greeting(handshake, permit),
            Ok(Some(facts)) => {
                self.watch.greeted(&facts);
                self.server.admitted.worked();
                let Handshake { socket, greeting, window, inbox } = *handshake;
                let buffer = window.into_buffer();
                self.server.manners.learn(greeting.manner);
                permit.reached();
                let connection = Connection::new(socket, facts, inbox, buffer);
                self.talk(Box::new(connection), permit, work);
            }
            Err(Failed::Closed(why)) => {
                self.manner = self.server.manners.after(handshake.greeting.manner);
                match self.manner {
                    Some(_) => {
                        self.be_patient(self.timeouts.connect);
                        self.stage = Stage::Unnamed(permit);
                    }
                    None => self.not_reached(permit, &why, work),
                }
            }
            Err(Failed::Unwelcome(_)) if self.server.admitted.tries_again(&handshake.socket) => {
                self.be_patient(self.timeouts.connect);
                self.stage = Stage::Unnamed(permit);
            }
            Err(Failed::Unwelcome(why)) => self.not_reached(permit, &why, work),
        }
    }
}
