//! What a lane does only in a task.

use std::{io, mem};

use super::{
    super::{
        flow::broken,
        interest::Interest,
        lane::{Lane, Stage},
        wire::Wire,
        work::Work,
    },
    socket::TaskSocket,
};

impl<'a> Lane<'_, 'a> {
    /// Returns what the lane of a task waits for, and on which socket, or `None` if it is over.
    pub(super) fn task_interest(&mut self, work: &dyn Work<'a>) -> Option<(&TaskSocket, Interest)> {
        let interest = self.wants(work)?;
        match &self.stage {
            Stage::Greeting(handshake, _) => Some((handshake.socket.of_task()?, interest)),
            Stage::Talking(connection, _) => Some((connection.socket.of_task()?, interest)),
            _ => None,
        }
    }

    /// Continues with the result of an attempt to connect that was made elsewhere.
    pub(super) fn greet(&mut self, wire: Result<Wire, String>, work: &mut dyn Work<'a>) {
        let Stage::Unnamed(permit) = mem::replace(&mut self.stage, Stage::Over) else { return };
        match wire {
            Ok(wire) => self.begin_greeting(wire, permit, work),
            Err(why) => self.not_dialed(permit, &why, work),
        }
    }

    /// Ends the lane because its socket cannot be waited for.
    pub(super) fn give_up(&mut self, error: &io::Error, work: &mut dyn Work<'a>) {
        match mem::replace(&mut self.stage, Stage::Over) {
            Stage::Talking(_, permit) => self.broke(permit, &broken(error), work),
            Stage::Greeting(_, permit) => self.not_reached(permit, &broken(error), work),
            other => self.stage = other,
        }
    }
}
