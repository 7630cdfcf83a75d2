//! How a face is made: one listing of calls, each with its documentation, becomes the methods of
//! a type whose field `0` has the bodies. What does I/O is written `async`; a blocking face runs it
//! to its end.

/// `faces! { impl[generics] Face { calls } }`. A call is written as its signature, without `pub`;
/// its generics stand in brackets.
macro_rules! faces {
    (impl[$($generics:tt)*] $face:ty { $($calls:tt)* }) => {
        impl<$($generics)*> $face {
            $crate::face::faces! { @calls $($calls)* }
        }
    };

    (@calls) => {};
    (@calls
        $(#[$about:meta])*
        async fn $call:ident $([$($generics:tt)*])? (&self $(, $name:ident: $type:ty)* $(,)?)
            $(-> $gives:ty)?;
        $($rest:tt)*
    ) => {
        $(#[$about])*
        pub fn $call $(<$($generics)*>)? (&self $(, $name: $type)*) $(-> $gives)? {
            $crate::session::drive::Outcome::now(self.0.$call($($name),*))
        }
        $crate::face::faces! { @calls $($rest)* }
    };
    (@calls
        $(#[$about:meta])*
        fn $call:ident $([$($generics:tt)*])? (&self $(, $name:ident: $type:ty)* $(,)?)
            $(-> $gives:ty)?;
        $($rest:tt)*
    ) => {
        $(#[$about])*
        pub fn $call $(<$($generics)*>)? (&self $(, $name: $type)*) $(-> $gives)? {
            self.0.$call($($name),*)
        }
        $crate::face::faces! { @calls $($rest)* }
    };
    (@calls
        $(#[$about:meta])*
        fn $call:ident (&mut self $(, $name:ident: $type:ty)* $(,)?) $(-> $gives:ty)?;
        $($rest:tt)*
    ) => {
        $(#[$about])*
        pub fn $call (&mut self $(, $name: $type)*) $(-> $gives)? {
            self.0.$call($($name),*)
        }
        $crate::face::faces! { @calls $($rest)* }
    };
}

pub(crate) use faces;
