/** What passes between this process and the one that holds the pseudo terminals. */
export type ToPtyHolder =
  | { readonly do: "open"; readonly id: number }
  | { readonly do: "write"; readonly id: number; readonly bytes: Uint8Array }
  | { readonly do: "close"; readonly id: number };

export type FromPtyHolder =
  | { readonly event: "opened"; readonly id: number; readonly path: string }
  | { readonly event: "data"; readonly id: number; readonly bytes: Uint8Array }
  | { readonly event: "closed"; readonly id: number };
