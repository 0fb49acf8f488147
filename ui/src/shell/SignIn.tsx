/** Where one says who one is, on a server that wants a token. */

import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { get, Problem, signIn } from "../api/client";
import type { Me } from "../api/schema";
import { Field } from "../kit/dialogs";
import { usePage } from "./page";
import { Logo } from "./Shell";

export function SignIn() {
  usePage({ title: "Sign in" });
  const { to } = useSearch({ from: "/sign-in" });
  const navigate = useNavigate();
  const cache = useQueryClient();
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState("");
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    signIn(token.trim());
    try {
      await get<Me>("/me");
      await cache.invalidateQueries();
      await navigate({ href: to?.startsWith("/") && !to.startsWith("//") ? to : "/" });
    } catch (error) {
      setProblem(error instanceof Problem ? error.message : String(error));
    }
  };
  return (
    <main className="signin">
      <form className="panel" onSubmit={(event) => void submit(event)}>
        <Logo />
        <h1>Sign in to Towpath</h1>
        <p className="t2">
          This server wants a token. Whoever runs it gives you one; it is kept for this session of the
          browser only.
        </p>
        <Field label="Token">
          <input
            className="input mono"
            type="password"
            autoComplete="off"
            required
            value={token}
            onChange={(event) => setToken(event.target.value)}
          />
        </Field>
        {problem && (
          <p className="note failed" role="alert">
            {problem}
          </p>
        )}
        <button className="btn pri">Sign in</button>
      </form>
    </main>
  );
}
