import {
  NamespaceNotFoundError,
  ServiceError,
  WorkflowNotFoundError,
  isGrpcDeadlineError,
  isGrpcServiceError,
} from "@temporalio/client";

export function isNotFound(error: unknown): error is WorkflowNotFoundError {
  return error instanceof WorkflowNotFoundError;
}

export function isNamespaceMissing(error: unknown): error is NamespaceNotFoundError {
  return error instanceof NamespaceNotFoundError;
}

/** Our own time limit for a call passed. */
export function isDeadline(error: unknown): boolean {
  return isGrpcDeadlineError(error instanceof ServiceError ? error.cause : error);
}

/** Temporal refused the call, or did not answer it. */
export function isServiceError(error: unknown): boolean {
  return error instanceof ServiceError || isGrpcServiceError(error);
}
