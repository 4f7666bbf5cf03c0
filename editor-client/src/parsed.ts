/** Parses what comes from outside: from the wire, from other extensions, from manifests. */
import * as v from "valibot";

/** The value as that shape; undefined when it has another one. */
export function parsed<Shape extends v.GenericSchema>(
  shape: Shape,
  value: unknown,
): v.InferOutput<Shape> | undefined {
  const result = v.safeParse(shape, value);
  return result.success ? result.output : undefined;
}

/** Where the value has another shape, as `question.summary: Invalid key`; none if it has that one. */
export function faultsOf(shape: v.GenericSchema, value: unknown): readonly string[] {
  const { issues } = v.safeParse(shape, value);
  return (issues ?? []).map((issue) => `${v.getDotPath(issue) ?? "all of it"}: ${issue.message}`);
}
