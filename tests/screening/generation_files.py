"""Files with metadata as tools write it, made in memory."""

import datetime as dt
import gzip
import io
import json
import zlib
from functools import cache

import numpy as np
import pillow_heif
from PIL import Image

INFOTEXT = (
    "a lighthouse at night, <lora:stormy_sea:0.8>\n"
    "Negative prompt: text, watermark\n"
    "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 512x512, Model hash: c0d1994c73, "
    'Model: harbor_v3, Hires prompt: "a lighthouse, detailed", Lora hashes: "stormy_sea: 1f2e", '
    "Version: v1.9.4"
)
GRAPH = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "harbor.safetensors"}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red fox", "clip": ["1", 1]}},
    "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["1", 1]}},
    "4": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 7, "steps": 20, "cfg": 8.0, "sampler_name": "euler", "scheduler": "normal",
            "denoise": 1.0, "model": ["1", 0], "positive": ["2", 0], "negative": ["3", 0],
        },
    },
}  # fmt: skip
XMP = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" {attributes}>
{properties}</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def xmp(properties: str = "", attributes: str = "") -> bytes:
    """Return an XMP packet."""
    return XMP.format(properties=properties, attributes=attributes).encode()


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a PNG chunk."""
    return (
        len(content).to_bytes(4, "big")
        + kind
        + content
        + zlib.crc32(kind + content).to_bytes(4, "big")
    )


def png(texts: dict[str, str] | None = None, *, how: str = "tEXt", more: bytes = b"") -> bytes:
    """Return a PNG of two pixels with texts, of which each is one chunk; more: further chunks."""
    buffer = io.BytesIO()
    Image.new("RGB", (2, 1)).save(buffer, "PNG")
    chunks = b""
    for key, text in (texts or {}).items():
        name = key.encode() + b"\0"
        chunks += {
            "tEXt": lambda name=name, text=text: chunk(b"tEXt", name + text.encode()),
            "zTXt": lambda name=name, text=text: chunk(
                b"zTXt", name + b"\0" + zlib.compress(text.encode())
            ),
            "iTXt": lambda name=name, text=text: chunk(
                b"iTXt", name + b"\0\0en\0key\0" + text.encode()
            ),
            "packed iTXt": lambda name=name, text=text: chunk(
                b"iTXt", name + b"\1\0\0\0" + zlib.compress(text.encode())
            ),
        }[how]()
    data = buffer.getvalue()
    return data[:33] + chunks + more + data[33:]


def exif(fields: dict[int, str | bytes] | None = None, *, comment: bytes | None = None) -> bytes:
    """Return EXIF with these fields, and a UserComment if given."""
    tags = Image.Exif()
    for tag, value in (fields or {}).items():
        tags[tag] = value
    if comment is not None:
        tags.get_ifd(0x8769)[0x9286] = comment
    return tags.tobytes()


def saved(what: str, **options: bytes) -> bytes:
    """Return a small picture of a format, written by the library that decodes it."""
    if what == "HEIF":
        pillow_heif.register_heif_opener()
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (30, 90, 160)).save(buffer, what, **options)
    return buffer.getvalue()


def jpeg(*segments: tuple[int, bytes]) -> bytes:
    """Return a JPEG with segments, given by marker and content."""
    data = saved("JPEG")
    packed = b"".join(
        bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content
        for marker, content in segments
    )
    return data[:2] + packed + data[2:]


def iptc(fields: dict[int, str]) -> bytes:
    """Return Photoshop resources with these fields of the IPTC's second record."""
    content = b"".join(
        bytes((0x1C, 2, field)) + len(text.encode()).to_bytes(2, "big") + text.encode()
        for field, text in fields.items()
    )
    content += b"\0" * (len(content) % 2)
    return b"8BIM\x04\x04\0\0" + len(content).to_bytes(4, "big") + content


def hidden(
    text: str, *, sign: str = "stealth_pngcomp", size: tuple[int, int] = (200, 180)
) -> bytes:
    """Return a PNG (width, height) with a text in its lowest bits, in the order of columns."""
    packed = gzip.compress(text.encode()) if sign.endswith("comp") else text.encode()
    content = sign.encode() + (len(packed) * 8).to_bytes(4, "big") + packed
    bits = np.unpackbits(np.frombuffer(content, np.uint8))
    width, height = size
    channels = slice(3, 4) if "png" in sign else slice(0, 3)
    y, x = np.mgrid[:height, :width]
    shades = (x * 3 % 256, y * 2 % 256, (x + y) % 256, np.full_like(x, 255))
    pixels = np.stack(shades, axis=-1).astype(np.uint8)
    part = pixels[..., channels].transpose(1, 0, 2)
    flat = part.reshape(-1).copy()
    flat[: len(bits)] = (flat[: len(bits)] & 254) | bits
    pixels[..., channels] = flat.reshape(part.shape).transpose(1, 0, 2)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


@cache
def signed(source_type: str, agent: str = "Adobe Firefly", *, remote: str = "") -> bytes:
    """Return a JPEG with a C2PA manifest that says how it was made, under a key of our own.

    remote: where the manifest is to be looked for, as it is not in the file then.
    """
    import c2pa

    manifest = {
        "claim_generator_info": [{"name": "test generator", "version": "1.0"}],
        "title": "signed.jpg",
        "format": "image/jpeg",
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {
                    "actions": [
                        {
                            "action": "c2pa.created",
                            "softwareAgent": {"name": agent, "version": "3"},
                            "digitalSourceType": SOURCE_TYPES + source_type,
                            "parameters": {"prompt": "a castle on a cliff"},
                        }
                    ]
                },
            },
            {
                "label": "cawg.training-mining",
                "data": {"entries": {"cawg.ai_inference": {"use": "notAllowed"}}},
            },
        ],
    }
    chain, key = _credentials()
    info = c2pa.C2paSignerInfo(alg=b"es256", sign_cert=chain, private_key=key, ta_url=None)
    result = io.BytesIO()
    with c2pa.Signer.from_info(info) as signer, c2pa.Builder(json.dumps(manifest)) as builder:
        if remote:
            builder.set_no_embed()
            builder.set_remote_url(remote)
        builder.sign(signer, "image/jpeg", io.BytesIO(saved("JPEG")), result)
    return result.getvalue()


@cache
def _credentials() -> tuple[bytes, bytes]:
    """Return a chain of two certificates and the key of the first, as PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    start = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [
        x509.Name([
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test Signer"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ])
        for name in ("root", "leaf")
    ]  # fmt: skip
    made = []
    for place, (key, name) in enumerate(zip(keys, names, strict=True)):
        root = place == 0
        usage = x509.KeyUsage(
            digital_signature=not root, content_commitment=False, key_encipherment=False,
            data_encipherment=False, key_agreement=False, key_cert_sign=root, crl_sign=root,
            encipher_only=False, decipher_only=False,
        )  # fmt: skip
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(names[0])
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + dt.timedelta(days=36500))
            .add_extension(x509.BasicConstraints(ca=root, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[0].public_key()),
                critical=False,
            )
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
        )
        if not root:
            builder = builder.add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=True
            )
        made.append(builder.sign(keys[0], hashes.SHA256()))
    pem = [one.public_bytes(serialization.Encoding.PEM) for one in reversed(made)]
    key_pem = keys[1].private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return b"".join(pem), key_pem
