//! Makes the methods of a public type from one list of calls. Each call in the list has its
//! documentation; the type's field `0` has the body. A call that does I/O is written `async`, and a
//! blocking face runs it to its end.

/// Defines the methods of a face: `faces! { impl[generics] Face { calls } }`. Each call is written
/// as its signature without `pub`, with its generics in brackets.
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
