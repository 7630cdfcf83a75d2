//! Silent operations of which the server refused some without saying which.

use super::{
    proto::answer::Answer,
    work::{Peer, Sent, Work},
};

/// The operations in doubt, in the order in which the server is asked about them.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    groups: Vec<Group>,
    /// The operations, by their places in the batch, and the groups that they belong to.
    asked: Vec<(usize, usize)>,
    answered: usize,
}

/// Operations that were sent together.
#[derive(Debug)]
struct Group {
    /// How many of them were refused.
    refused: usize,
    /// What the server said to the last of those.
    said: String,
    /// Those that were not made, as far as the server has told.
    not_made: Vec<usize>,
    /// Whether the server tells of each whether it was made.
    told: bool,
    /// How many the server has not told about yet.
    left: usize,
}

impl Doubts {
    /// Adds operations, `refused` of which were refused.
    pub(super) fn add(&mut self, operations: &[usize], refused: usize, said: &str) {
        let group = self.groups.len();
        self.asked.extend(operations.iter().map(|&index| (index, group)));
        self.groups.push(Group {
            refused,
            said: said.to_owned(),
            not_made: Vec::new(),
            told: true,
            left: operations.len(),
        });
    }

    /// Takes the next answer.
    ///
    /// # Errors
    /// The answer cannot belong to the request.
    pub(super) fn answer<'a>(
        &mut self,
        peer: &Peer<'_>,
        work: &mut dyn Work<'a>,
        answer: &Answer<'_>,
    ) -> Result<(), &'static str> {
        let (index, group) = self.asked[self.answered];
        let made = work.was_made(index, answer)?;
        let group = &mut self.groups[group];
        group.told &= made.is_some();
        match made {
            Some(true) => work.succeed(peer, index),
            Some(false) | None => group.not_made.push(index),
        }
        group.left -= 1;
        self.answered += 1;
        if group.left == 0 {
            group.settle(peer.name, work);
        }
        Ok(())
    }

    /// Settles the operations that are still in doubt, because nothing more will be told.
    pub(super) fn fail<'a>(&mut self, name: &str, work: &mut dyn Work<'a>, why: &str) {
        for (index, group) in self.asked.drain(..).skip(self.answered) {
            self.groups[group].not_made.push(index);
        }
        for group in self.groups.drain(..).filter(|group| group.left > 0) {
            group.not_made.iter().for_each(|&index| work.fail(name, index, Sent::Yes, why));
        }
        self.answered = 0;
    }
}

impl Group {
    /// Settles the operations that were not made. If there are more of them than were refused,
    /// another client has changed one in between, and it is unknown which.
    fn settle<'a>(&self, name: &str, work: &mut dyn Work<'a>) {
        let certain = self.told && self.not_made.len() == self.refused;
        for &index in &self.not_made {
            if certain {
                work.refuse(name, index, &self.said);
            } else {
                let why = format!("{} to one of many changes sent together", self.said);
                work.fail(name, index, Sent::Yes, &why);
            }
        }
    }
}
